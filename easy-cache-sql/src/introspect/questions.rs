//! The query for each kind of database. All have the same seven columns of text: what kind of fact, the table, another table, a name, and three
//! more whose meaning depends on the fact (`facts` reads them). Schema and name are separated by a character that is in no name.
//!
//! A column that a foreign key refers to is left out if it changes without being assigned (it is computed from others): then every update counts.

use crate::Dialect;

/// Separates schema and name.
pub(super) const SEPARATOR: char = '\u{1f}';

/// The query whose answer [`Schema::read`](super::Schema::read) understands. One round trip; on a database with hundreds of tables it takes
/// some milliseconds.
#[must_use]
pub const fn question(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
    }
}

const SQLITE: &str = r#"SELECT 'foreign key', m.name, f."table", CAST(f.id AS TEXT), f."from",
  CASE WHEN EXISTS (SELECT 1 FROM pragma_table_xinfo(f."table") AS c WHERE c.name = f."to" COLLATE NOCASE AND c.hidden > 1) THEN NULL ELSE f."to" END,
  f.on_delete || '/' || f.on_update
FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
UNION ALL SELECT 'view', name, NULL, NULL, sql, NULL, NULL FROM sqlite_master WHERE type = 'view'
UNION ALL SELECT 'trigger', tbl_name, NULL, name, NULL, sql, NULL FROM sqlite_master WHERE type = 'trigger'"#;

/// What the search path finds is named without its schema, as statements do. Bits of `tgtype`: 4 insert, 8 delete, 16 update, 32 truncate.
const POSTGRES: &str = r#"WITH named AS (
  SELECT c.oid, CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || chr(31) END || c.relname AS name, c.relkind FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
)
SELECT 'foreign key', child.name, parent.name, k.oid::text, ca.attname::text,
  CASE WHEN pa.attgenerated = '' THEN pa.attname::text END, k.confdeltype::text || '/' || k.confupdtype::text
FROM pg_catalog.pg_constraint AS k JOIN named AS child ON child.oid = k.conrelid JOIN named AS parent ON parent.oid = k.confrelid
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (child, parent)
JOIN pg_catalog.pg_attribute AS ca ON ca.attrelid = k.conrelid AND ca.attnum = pair.child
JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = k.confrelid AND pa.attnum = pair.parent
WHERE k.contype = 'f'
UNION ALL SELECT 'view', name, NULL, NULL, pg_catalog.pg_get_viewdef(oid), NULL, NULL FROM named WHERE relkind = 'v'
UNION ALL SELECT DISTINCT 'stands for', v.name, b.name, NULL, NULL, NULL, NULL
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
JOIN named AS v ON v.oid = r.ev_class AND v.relkind = 'v'
JOIN named AS b ON b.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND b.oid <> v.oid
UNION ALL SELECT 'stands for', parent.name, child.name, NULL, NULL, NULL, NULL
FROM pg_catalog.pg_inherits AS i JOIN named AS parent ON parent.oid = i.inhparent JOIN named AS child ON child.oid = i.inhrelid
WHERE parent.relkind <> 'I'
UNION ALL SELECT 'trigger', c.name, NULL, t.tgname::text,
  concat_ws(' ', CASE WHEN t.tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN t.tgtype & 40 > 0 THEN 'DELETE' END, CASE WHEN t.tgtype & 16 > 0 THEN 'UPDATE' END),
  CASE WHEN l.lanname IN ('plpgsql', 'sql') THEN p.prosrc ELSE 'EXECUTE' END, NULL
FROM pg_catalog.pg_trigger AS t JOIN named AS c ON c.oid = t.tgrelid JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND t.tgname NOT LIKE 'easy\_cache\_%'
UNION ALL SELECT 'trigger', c.name, NULL, r.rulename::text, 'INSERT DELETE UPDATE', 'EXECUTE', NULL
FROM pg_catalog.pg_rewrite AS r JOIN named AS c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL SELECT 'default schema', pg_catalog.current_schema()::text, NULL, NULL, NULL, NULL, NULL"#;

/// MariaDB has no table that says what a view is made of: its query is asked for instead.
const MYSQL: &str = r#"SELECT 'foreign key', CONCAT(k.TABLE_SCHEMA, CHAR(31 USING utf8mb4), k.TABLE_NAME),
  CONCAT(k.REFERENCED_TABLE_SCHEMA, CHAR(31 USING utf8mb4), k.REFERENCED_TABLE_NAME), k.CONSTRAINT_NAME, k.COLUMN_NAME,
  CASE WHEN c.EXTRA LIKE '%generated%' OR c.EXTRA LIKE '%on update%' THEN NULL ELSE k.REFERENCED_COLUMN_NAME END,
  CONCAT(r.DELETE_RULE, '/', r.UPDATE_RULE)
FROM information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
LEFT JOIN information_schema.COLUMNS AS c
ON c.TABLE_SCHEMA = k.REFERENCED_TABLE_SCHEMA AND c.TABLE_NAME = k.REFERENCED_TABLE_NAME AND c.COLUMN_NAME = k.REFERENCED_COLUMN_NAME
WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME IS NOT NULL
UNION ALL SELECT 'view', CONCAT(TABLE_SCHEMA, CHAR(31 USING utf8mb4), TABLE_NAME), NULL, NULL, VIEW_DEFINITION, NULL, NULL
FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT 'trigger', CONCAT(EVENT_OBJECT_SCHEMA, CHAR(31 USING utf8mb4), EVENT_OBJECT_TABLE), NULL, TRIGGER_NAME, EVENT_MANIPULATION, ACTION_STATEMENT, NULL
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME NOT LIKE 'easy\_cache\_%'"#;
