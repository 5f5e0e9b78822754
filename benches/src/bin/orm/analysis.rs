//! What it costs to know what a text does: one that was seen before, and a new one.

use std::hint::black_box;

use easy_cache_sql::{Analyzer, Dialect, KeyColumn};

use crate::turns::Case;

const CALLS: usize = 50;

/// Texts as ORMs write them; a number makes a new one of each.
const TEXTS: [(&str, &str); 3] = [
    (
        "select by key",
        r#"SELECT "b"."id", "b"."title", "b"."author_id" FROM "books" AS "b" WHERE "b"."id" = $1 LIMIT "#,
    ),
    ("update by key", r#"UPDATE "books" SET "title" = $1 WHERE "books"."id" = $2 AND "books"."author_id" = "#),
    (
        "join",
        r#"SELECT "b"."id", "b"."title", "a"."name" FROM "books" AS "b" INNER JOIN "authors" AS "a" ON "a"."id" = "b"."author_id" WHERE "b"."id" IN (SELECT "book_id" FROM "orders" WHERE "reader" = $1 GROUP BY "book_id") ORDER BY "b"."title" ASC LIMIT "#,
    ),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text) in TEXTS {
        let part = format!("analysis, {name}");
        cases.push(Case::new(part.clone(), "seen before", CALLS, move || {
            let (analyzer, text) = (analyzer(), format!("{text}1"));
            Ok(Box::new(move |calls| {
                (0..calls).for_each(|_| drop(black_box(analyzer.effect(black_box(&text)))));
                Ok(())
            }))
        }));
        cases.push(Case::new(part, "new", CALLS, move || {
            let (analyzer, mut number) = (analyzer(), 0);
            Ok(Box::new(move |calls| {
                for _ in 0..calls {
                    number += 1;
                    drop(black_box(analyzer.effect(&format!("{text}{number}"))));
                }
                Ok(())
            }))
        }));
    }
    cases
}

fn analyzer() -> Analyzer {
    Analyzer::builder(Dialect::Postgres).primary_key("books", [KeyColumn::integer("id")]).build()
}
