//! Every behaviour of the list holds, or is declined for a reason.

use conformance::{Capabilities, Kind, run};

use crate::support::scripted;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_shows_every_behaviour_that_is_not_declined() {
    let (proxy, origin) = scripted().await;
    let report = run(proxy, &origin, Capabilities { connections: true, interim: true }).await;
    report.assert();
    let (required, all_required) = report.count(Kind::Required);
    let (optimal, all_optimal) = report.count(Kind::Optimal);
    assert_eq!(required, all_required, "{report}");
    assert!(all_optimal - optimal <= 4, "{report}");
    if std::env::var_os("CONFORMANCE_REPORT").is_some() {
        panic!("{report}");
    }
}
