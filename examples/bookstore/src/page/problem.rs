//! What a person sees when a request was refused.

use maud::html;

use super::layout::layout;

/// A page with a heading, the reason, and a way back.
#[must_use]
pub fn problem(heading: &str, message: &str, back: Option<&str>) -> String {
    let content = html! {
        h1 { (heading) }
        p.alert role="alert" { (sentence(message)) }
        p {
            @if let Some(back) = back { a href=(back) { "Back" } " · " }
            a href="/" { "All books" }
        }
    };
    layout(heading, &content)
}

/// Error texts start small and have no full stop; on a page they are sentences.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
