//! What the client says, and what it takes for an answer.

use std::error::Error as _;
use std::sync::Arc;

use easy_cache_cdn::{Cdn, Purge, Varnish};
use parking_lot::Mutex;

use crate::origin::serve;

#[tokio::test]
async fn names_and_fields_are_sent_and_everything_is_a_star() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let address = serve(move |head| {
        ear.lock().push(head.to_owned());
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned()
    })
    .await;
    let varnish = Varnish::at(&format!("http://{address}/purge")).unwrap();
    let varnish = varnish.method("PURGE").unwrap().field("x-purge-key", "sesame").unwrap();
    varnish.purge(&Purge::Names(vec!["a".to_owned(), "books:7".to_owned()])).await.unwrap();
    varnish.purge(&Purge::Everything).await.unwrap();
    let heard = heard.lock().clone();
    assert!(
        heard
            .iter()
            .all(|head| head.starts_with("PURGE /purge HTTP/1.1\r\n") && head.contains("x-purge-key: sesame\r\n"))
    );
    assert!(
        heard[0].contains("surrogate-key: a books:7\r\n") && heard[1].contains("surrogate-key: *\r\n"),
        "{heard:?}"
    );
    assert!(!format!("{varnish:?}").contains("sesame"));
}

#[tokio::test]
async fn only_success_is_an_acknowledgement() {
    for (answer, reason) in [("403 Forbidden", "403"), ("500 Oops", "500"), ("302 Found", "302")] {
        let address =
            serve(move |_| format!("HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")).await;
        let varnish = Varnish::at(&format!("http://{address}")).unwrap();
        let error = varnish.purge(&Purge::Everything).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let silent = serve(|_| String::new()).await;
    let error = Varnish::at(&format!("http://{silent}")).unwrap().purge(&Purge::Everything).await.unwrap_err();
    assert!(error.source().is_some(), "{error}");
}

#[test]
fn addresses_that_cannot_be_asked_are_refused_in_words() {
    for address in ["", "varnish:6081", "https://varnish", "/purge", "http://"] {
        let error = Varnish::at(address).unwrap_err();
        assert!(error.to_string().starts_with(&format!("failed to use `{address}`")), "{error}");
    }
}
