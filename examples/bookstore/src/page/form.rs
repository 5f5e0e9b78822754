//! The parts that several forms share.

use maud::{Markup, html};

use crate::{
    input::{TITLE_LENGTH, YEARS},
    language,
    view::AuthorName,
};

/// A labelled text field for a title.
pub(super) fn title_field(value: &str) -> Markup {
    html! {
        label { "Title" input name="title" value=(value) required maxlength=(TITLE_LENGTH) autocomplete="off"; }
    }
}

/// A labelled number field for a year.
pub(super) fn year_field(value: Option<i32>) -> Markup {
    html! {
        label {
            "Year " small { "(negative: BC)" }
            input type="number" name="year" value=[value] required min=(YEARS.start()) max=(YEARS.end());
        }
    }
}

/// A labelled choice of languages.
pub(super) fn language_field(chosen: &str) -> Markup {
    html! {
        label {
            "Original language"
            select name="language" {
                @for (code, name) in language::ALL {
                    option value=(code) selected[*code == chosen] { (name) }
                }
            }
        }
    }
}

/// A labelled choice of authors.
pub(super) fn author_field(authors: &[AuthorName], chosen: i32) -> Markup {
    html! {
        label {
            "Author"
            select name="author_id" {
                @for author in authors {
                    option value=(author.id) selected[author.id == chosen] { (author.name) }
                }
            }
        }
    }
}
