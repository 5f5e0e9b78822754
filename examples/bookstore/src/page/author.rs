//! One author, the books, and the forms that add a book and retitle all of them.

use maud::{Markup, html};

use super::{
    form::{language_field, title_field, year_field},
    layout::{count, layout, year},
    list::{Column, book_list, pages},
};
use crate::{
    input::PREFIX_LENGTH,
    language::NOT_STATED,
    view::{Author, BookPage},
};

/// The page of an author with one page of the books.
#[must_use]
pub fn author(author: &Author, list: &BookPage) -> String {
    let path = format!("/authors/{}", author.id);
    let content = html! {
        h1 { (author.name) }
        p.quiet { (extent(author)) }
        (book_list(&list.books, Column::NoAuthor))
        (pages(list, &path, None))
        div.forms {
            (retitle_form(&path))
            (new_book_form(author.id))
        }
    };
    layout(&author.name, &content)
}

fn extent(author: &Author) -> String {
    let books = count(author.books, "book", "books");
    match (author.first_year, author.last_year) {
        (Some(first), Some(last)) if first != last => format!("{books}, {} to {}", year(first), year(last)),
        (Some(only), _) => format!("{books}, {}", year(only)),
        _ => books,
    }
}

fn retitle_form(path: &str) -> Markup {
    html! {
        form.card method="post" action={ (path) "/retitle" } {
            h2 { "Retitle all books" }
            p.quiet { "One UPDATE by filter, which names no book." }
            label {
                "Put before every title"
                input name="prefix" required maxlength=(PREFIX_LENGTH) autocomplete="off" placeholder="Collected works: ";
            }
            button { "Retitle" }
        }
    }
}

fn new_book_form(author_id: i32) -> Markup {
    html! {
        form.card method="post" action="/books" {
            h2 { "Add a book" }
            input type="hidden" name="author_id" value=(author_id);
            (title_field(""))
            div.pair { (year_field(None)) (language_field(NOT_STATED)) }
            button { "Add" }
        }
    }
}
