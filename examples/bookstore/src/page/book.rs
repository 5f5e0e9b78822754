//! One book, with the forms that change, move and remove it.

use maud::{Markup, html};

use super::{
    form::{author_field, language_field, title_field, year_field},
    layout::{layout, year},
};
use crate::{
    language,
    view::{AuthorName, Book},
};

/// The page of a book; `authors` are those to whom it could be moved.
#[must_use]
pub fn book(book: &Book, authors: &[AuthorName]) -> String {
    let path = format!("/books/{}", book.id);
    let content = html! {
        h1 { (book.title) }
        dl.facts {
            div { dt { "Author" } dd { a href={ "/authors/" (book.author_id) } { (book.author) } } }
            div { dt { "First published" } dd { (year(book.year)) } }
            div { dt { "Original language" } dd { (language::name(&book.language).unwrap_or(&book.language)) } }
        }
        div.forms {
            (edit_form(&path, book))
            (move_form(&path, book, authors))
            (delete_form(&path))
        }
    };
    layout(&book.title, &content)
}

fn edit_form(path: &str, book: &Book) -> Markup {
    html! {
        form.card method="post" action=(path) {
            h2 { "Edit" }
            (title_field(&book.title))
            div.pair { (year_field(Some(book.year))) (language_field(&book.language)) }
            button { "Save" }
        }
    }
}

fn move_form(path: &str, book: &Book, authors: &[AuthorName]) -> Markup {
    html! {
        form.card method="post" action={ (path) "/move" } {
            h2 { "Move to another author" }
            p.quiet { "One transaction over two tables: the book, and the log of transfers." }
            (author_field(authors, book.author_id))
            label.check { input type="checkbox" name="fail" value="true"; "Fail after both writes, and roll back" }
            button { "Move" }
        }
    }
}

fn delete_form(path: &str) -> Markup {
    html! {
        details.card {
            summary { "Remove this book" }
            form method="post" action={ (path) "/delete" } {
                p { "This cannot be undone." }
                button.danger { "Remove" }
            }
        }
    }
}
