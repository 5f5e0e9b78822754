//! What the attribute writes, as it stands in `tests/golden`: whoever changes the expansion sees there what it became, and
//! that it still fits on a screen. `UPDATE_GOLDEN=1 cargo test -p easy-cache-macros` writes the files anew.

use proc_macro2::TokenStream;
use std::path::Path;
use std::str::FromStr;

fn expanded(options: &str, item: &str) -> String {
    let options = TokenStream::from_str(options).unwrap();
    let code = crate::stages(options, TokenStream::from_str(item).unwrap()).unwrap();
    let code = code.to_string().replace(":: easy_cache_core :: __macro ::", "");
    prettyplease::unparse(&syn::parse_str(&code).unwrap())
}

fn check(name: &str, options: &str, item: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let now = format!("// Of `#[ecached({options})]`, without the paths of its names.\n\n{}", expanded(options, item));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, before, "{} differs from what the attribute writes", path.display());
}

#[test]
fn a_free_function_is_a_look_a_handle_and_a_key() {
    check(
        "function.txt",
        r#""users:{state}", ttl = "60s", tags = ["users"]"#,
        "pub async fn users(db: &Db, state: State) -> Result<Vec<User>, DbError> { db.users(state).await }",
    );
}

#[test]
fn a_method_of_a_trait_has_its_siblings_in_a_second_block() {
    check(
        "block.txt",
        "prefix = \"shop:{self.id}\"",
        r#"impl<T: Display> Store for Shop<T> {
            type Error = Missing;
            #[ecached]
            fn goods(&self, id: u64) -> Result<String, Self::Error> {
                Err(Self::Error::new(id))
            }
        }"#
        .replace("#[ecached]", "#[ecached(\"goods:{id}\")]")
        .as_str(),
    );
}

#[test]
fn without_handles_all_is_in_the_function() {
    check(
        "no_handle.txt",
        r#"key = |meta| versioned(meta), no_handle, cache_none = "10s", tags = |value, meta| names(value, meta)"#,
        "fn find(id: u64) -> Option<String> { (id > 0).then(|| id.to_string()) }",
    );
}
