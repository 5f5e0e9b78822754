//! The numbers about the whole shop.

use maud::{Markup, html};

use super::layout::{layout, year};
use crate::{language, view::Stats};

/// The page of the numbers.
#[must_use]
pub fn stats(stats: &Stats) -> String {
    let most = stats.languages.first().map_or(1, |language| language.books.max(1));
    let content = html! {
        h1 { "Numbers" }
        dl.facts {
            (fact("Books", stats.books))
            (fact("Authors", stats.authors))
            (fact("Moved books", stats.transfers))
            @if let (Some(first), Some(last)) = (stats.first_year, stats.last_year) {
                (fact("Years", format!("{} to {}", year(first), year(last))))
            }
        }
        div.forms {
            section.card {
                h2 { "Authors with the most books" }
                ol.bars {
                    @for author in &stats.top_authors {
                        (bar(&html! { a href={ "/authors/" (author.id) } { (author.name) } }, author.books, stats.top_authors[0].books))
                    }
                }
            }
            section.card {
                h2 { "Original languages" }
                ol.bars {
                    @for count in &stats.languages {
                        (bar(&html! { (language::name(&count.language).unwrap_or(&count.language)) }, count.books, most))
                    }
                }
            }
        }
    };
    layout("Numbers", &content)
}

fn fact(name: &str, value: impl ToString) -> Markup {
    html! { div { dt { (name) } dd { (value.to_string()) } } }
}

fn bar(name: &Markup, books: i64, most: i64) -> Markup {
    html! {
        li {
            span { (name) }
            meter min="0" max=(most) value=(books) aria-hidden="true" {}
            b { (books) }
        }
    }
}
