//! The list of books, with its search and its pages; the author's page has one, too.

use maud::{Markup, html};

use super::layout::{count, layout, year};
use crate::{
    input::BookFilter,
    language,
    view::{Book, BookPage},
};

/// The page of all books, or of those that were searched for.
#[must_use]
pub fn books(filter: &BookFilter, list: &BookPage) -> String {
    let text = filter.text();
    let content = html! {
        h1 { "Books" }
        form.search role="search" action="/" method="get" {
            input type="search" name="q" value=[text] placeholder="Title or author" aria-label="Search for a title or an author";
            button { "Search" }
        }
        p.quiet {
            (count(list.total, "book", "books"))
            @if let Some(text) = text { " with “" (text) "” · " a href="/" { "show all" } }
        }
        (book_list(&list.books, Column::Author))
        (pages(list, "/", text))
    };
    layout(text.unwrap_or("Books"), &content)
}

/// Whether a list names the authors, or belongs to one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Author,
    NoAuthor,
}

/// The books of one page as rows that fold on narrow screens.
pub(super) fn book_list(books: &[Book], column: Column) -> Markup {
    html! {
        @if books.is_empty() { p.empty { "No book here." } }
        ol.books {
            @for book in books {
                li {
                    span.year { (year(book.year)) }
                    a.title href={ "/books/" (book.id) } { (book.title) }
                    @if column == Column::Author {
                        a.author href={ "/authors/" (book.author_id) } { (book.author) }
                    }
                    span.language { (language::name(&book.language).unwrap_or(&book.language)) }
                }
            }
        }
    }
}

/// Links to the neighbours of this page, as long as there are any.
pub(super) fn pages(list: &BookPage, path: &str, text: Option<&str>) -> Markup {
    let address = |page: u64| match text {
        Some(text) => format!("{path}?q={}&page={page}", encoded(text)),
        None => format!("{path}?page={page}"),
    };
    html! {
        @if list.pages > 1 || list.page > 1 {
            nav.pages aria-label="Pages" {
                @if list.page > 1 { a rel="prev" href=(address((list.page - 1).min(list.pages))) { "← Previous" } } @else { span {} }
                span { "Page " (list.page) " of " (list.pages) }
                @if list.page < list.pages { a rel="next" href=(address(list.page + 1)) { "Next →" } } @else { span {} }
            }
        }
    }
}

/// A text as part of a query: every byte that is not a letter or a digit of ASCII is escaped.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(page: u64, pages: u64) -> BookPage {
        BookPage { books: Vec::new(), total: pages * 20, page, pages, page_size: 20 }
    }

    #[test]
    fn links_to_other_pages_keep_the_search() {
        let links = pages(&list(2, 3), "/", Some("a&b=ü")).into_string();
        assert!(links.contains(r#"href="/?q=a%26b%3D%C3%BC&amp;page=1""#), "{links}");
        assert!(links.contains(r#"href="/?q=a%26b%3D%C3%BC&amp;page=3""#), "{links}");
    }

    #[test]
    fn a_page_past_the_end_leads_back_to_the_last_one() {
        let links = pages(&list(9, 3), "/", None).into_string();
        assert!(links.contains(r#"href="/?page=3""#) && !links.contains("Next"), "{links}");
    }
}
