//! How `Cache-Control` is read (RFC 9111 §5.2).

use crate::support::{cache_control, seconds};
use easy_cache_http::Refusal;
use easy_cache_http::cache_control::{Extent, RequestDirectives, ResponseDirectives};

fn parse(value: &str) -> ResponseDirectives {
    ResponseDirectives::parse(&[("cache-control", value)][..])
}

fn ask(value: &str) -> RequestDirectives {
    let mut directives = RequestDirectives::default();
    directives.add_line(value.as_bytes());
    directives
}

#[test]
fn a_max_age_inside_a_quoted_string_is_no_directive() {
    for value in [
        r#"extension="max-age=100,max-age=100", max-age=3600"#,
        r#"max-age=3600, extension="x, max-age=100, y""#,
        r#"extension="a\", max-age=100, b", max-age=3600"#,
    ] {
        assert_eq!(parse(value).max_age, Some(seconds(3600)), "{value}");
    }
}

#[test]
fn leading_zeros_are_fine_and_a_quoted_number_is_a_number() {
    assert_eq!(parse("max-age=003600").max_age, Some(seconds(3600)));
    assert_eq!(parse(r#"max-age="3600""#).max_age, Some(seconds(3600)));
}

#[test]
fn what_is_not_a_number_of_seconds_is_stale() {
    let broken =
        ["'3600'", "3600.0", "3600.5", "a100", "100a", "-1", "+1", "", " 3600", "\"3600", "\"\"", "36 00", "1;x"];
    for value in broken {
        let value = format!("max-age={value}");
        assert_eq!(parse(&value).max_age, Some(seconds(0)), "{value}");
        assert_eq!(cache_control(&value).refusal(), Some(Refusal::Stale));
    }
    for value in ["max-age =3600", "max-age", "max-age 3600"] {
        assert_eq!(parse(value).max_age, Some(seconds(0)), "{value}");
    }
}

#[test]
fn equal_duplicates_count_once_and_different_ones_are_stale() {
    assert_eq!(parse("max-age=60, max-age=60").max_age, Some(seconds(60)));
    for (first, second) in [("max-age=1", "max-age=3600"), ("max-age=3600", "max-age=1"), ("max-age=9", "max-age=x")] {
        assert_eq!(parse(&format!("{first}, {second}")).max_age, Some(seconds(0)));
        let lines = [("cache-control", first), ("cache-control", second)];
        assert_eq!(ResponseDirectives::parse(&lines[..]).max_age, Some(seconds(0)), "{first} {second}");
    }
    assert_eq!(parse("max-age=60, max-age=1, max-age=60").max_age, Some(seconds(0)));
}

#[test]
fn several_lines_are_one_list() {
    let lines = [("cache-control", "public"), ("cache-control", "max-age=60, foo"), ("cache-control", "")];
    let directives = ResponseDirectives::parse(&lines[..]);
    assert!(directives.public);
    assert_eq!(directives.max_age, Some(seconds(60)));
}

#[test]
fn what_forbids_is_honoured_in_any_case_and_shape() {
    for value in ["no-store", "NO-STORE", "No-StOrE", "no-store=1", "no-store max-age=60", "a=\"b, no-store"] {
        assert!(parse(value).no_store, "{value}");
    }
    for value in
        ["private", "Private", "private=true", "private=x-user", "private=\"\"", "private=\"a b\"", "private x"]
    {
        assert_eq!(parse(value).private, Extent::Everything, "{value}");
    }
    for value in ["no-cache", "NO-CACHE", "no-cache=a", "no-cache=\",\"", "no-cache, no-cache=\"a\""] {
        assert_eq!(parse(value).no_cache, Extent::Everything, "{value}");
    }
}

#[test]
fn what_permits_counts_only_in_the_right_shape() {
    assert!(parse("PUBLIC").public && parse("must-understand").must_understand);
    for value in ["public=1", "public max-age=60", "must-understand=1", "x=\"public, must-understand\"", "publicity"] {
        let directives = parse(value);
        assert!(!directives.public && !directives.must_understand, "{value}");
    }
}

#[test]
fn fields_named_in_quotes_are_collected_in_lower_case() {
    assert_eq!(parse(r#"no-cache="A, b""#).no_cache, Extent::Fields(vec!["a".into(), "b".into()]));
    assert_eq!(parse(r#"private="a", private="b""#).private.fields(), ["a", "b"]);
    assert_eq!(parse(r#"private="a", private"#).private, Extent::Everything);
}

#[test]
fn the_times_for_serving_stale_are_read() {
    let directives =
        parse("max-age=1, stale-while-revalidate=60, stale-if-error=300, must-revalidate, proxy-revalidate");
    assert_eq!(directives.stale_while_revalidate, Some(seconds(60)));
    assert_eq!(directives.stale_if_error, Some(seconds(300)));
    assert!(directives.must_revalidate && directives.proxy_revalidate);
}

#[test]
fn a_request_is_read_the_same_way() {
    let directives = ask("No-Cache, only-if-cached, MAX-AGE=5, min-fresh=7, max-stale, foo=\"no-store\"");
    assert!(directives.present && directives.no_cache && directives.only_if_cached && !directives.no_store);
    assert_eq!((directives.max_age, directives.min_fresh), (Some(seconds(5)), Some(seconds(7))));
    assert!(ask("no-store").no_store);
}

#[test]
fn a_broken_wish_of_a_client_is_read_as_the_strict_one() {
    assert_eq!(ask("max-age=x").max_age, Some(seconds(0)));
    assert!(ask("min-fresh=x").min_fresh.is_some_and(|wanted| wanted > seconds(2_000_000_000)));
    assert_eq!(ask("min-fresh=5, min-fresh=50").min_fresh, Some(seconds(50)));
}

#[test]
fn an_attacker_cannot_make_reading_a_line_slow() {
    // Quadratic time would take minutes here.
    let line = format!("a=\"{}", "\\\"".repeat(2_000_000));
    assert_eq!(ask(&line), ask("a"));
    let many = format!("a=\"{}", "\",\"\\".repeat(1_000_000));
    assert!(ask(&many).present);
    assert!(!cache_control(&line).is_reused_after(0));
}
