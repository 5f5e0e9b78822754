//! What all pages have in common: head, navigation, and the box that says where the page came from.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
const PROVENANCE: &str = include_str!("provenance.js");

/// A whole document around the content of one page.
pub(super) fn layout(title: &str, content: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Bookstore" }
                link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><text y='13' font-size='13'>📚</text></svg>";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    a.brand href="/" { "Bookstore" }
                    nav aria-label="Main" {
                        a href="/" { "Books" }
                        a href="/stats" { "Numbers" }
                    }
                }
                (provenance())
                main #content { (content) }
                script { (PreEscaped(PROVENANCE)) }
            }
        }
    };
    document.into_string()
}

/// Empty until the script has read what the server said about this very answer.
fn provenance() -> Markup {
    html! {
        section #provenance aria-label="Where this page came from" {
            noscript { "Where a page came from is also in its headers: " code { "Cache-Status" } " and " code { "Server-Timing" } "." }
            p #told hidden {
                strong #source {}
                span { "age " b #age {} }
                span { "took " b #took {} }
            }
            details #tags hidden {
                summary { "depends on " b #count {} }
                ul {}
            }
        }
    }
}

/// A year as people write it.
pub(super) fn year(year: i32) -> String {
    if year < 0 { format!("{} BC", year.unsigned_abs()) } else { year.to_string() }
}

/// The number of things, in words that agree with it.
pub(super) fn count(number: impl Into<i128>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_before_the_common_era_are_written_without_a_sign() {
        assert_eq!((year(-750).as_str(), year(1950).as_str()), ("750 BC", "1950"));
    }

    #[test]
    fn titles_cannot_bring_markup_into_the_page() {
        let page = layout("<script>alert(1)</script>", &html! { (r#""><img src=x>"#) });
        assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    }
}
