//! What does not compile, and what the compiler then says.

// case 4
// parity 21, 31
#[test]
fn every_refusal_points_at_its_place_and_says_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
