CREATE TABLE IF NOT EXISTS easy_cache_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, operation TEXT NOT NULL, row_keys TEXT, written INTEGER NOT NULL DEFAULT (unixepoch()));
CREATE TABLE IF NOT EXISTS easy_cache_relays (name TEXT PRIMARY KEY, position TEXT NOT NULL, saved INTEGER NOT NULL);
DROP TRIGGER IF EXISTS "easy_cache_books_insert";
DROP TRIGGER IF EXISTS "easy_cache_books_update";
DROP TRIGGER IF EXISTS "easy_cache_books_delete";
CREATE TRIGGER IF NOT EXISTS "easy_cache_books_insert" AFTER INSERT ON "books" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'U', NULL); END;
CREATE TRIGGER IF NOT EXISTS "easy_cache_books_update" AFTER UPDATE ON "books" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'U', NULL); END;
CREATE TRIGGER IF NOT EXISTS "easy_cache_books_delete" AFTER DELETE ON "books" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'D', json_array(json_array(OLD."id"))); END;
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_insert";
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_update";
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_delete";
CREATE TRIGGER IF NOT EXISTS "shop"."easy_cache_order lines_insert" AFTER INSERT ON "order lines" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'I', json_array(json_array(CASE typeof(NEW."order") WHEN 'blob' THEN hex(NEW."order") ELSE NEW."order" END, NEW."It's"))); END;
CREATE TRIGGER IF NOT EXISTS "shop"."easy_cache_order lines_update" AFTER UPDATE ON "order lines" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'U', json_array(json_array(CASE typeof(OLD."order") WHEN 'blob' THEN hex(OLD."order") ELSE OLD."order" END, OLD."It's"), json_array(CASE typeof(NEW."order") WHEN 'blob' THEN hex(NEW."order") ELSE NEW."order" END, NEW."It's"))); END;
CREATE TRIGGER IF NOT EXISTS "shop"."easy_cache_order lines_delete" AFTER DELETE ON "order lines" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'D', json_array(json_array(CASE typeof(OLD."order") WHEN 'blob' THEN hex(OLD."order") ELSE OLD."order" END, OLD."It's"))); END;
DROP TRIGGER IF EXISTS "easy_cache_log_insert";
DROP TRIGGER IF EXISTS "easy_cache_log_update";
DROP TRIGGER IF EXISTS "easy_cache_log_delete";
CREATE TRIGGER IF NOT EXISTS "easy_cache_log_insert" AFTER INSERT ON "log" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'U', NULL); END;
CREATE TRIGGER IF NOT EXISTS "easy_cache_log_update" AFTER UPDATE ON "log" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'U', NULL); END;
CREATE TRIGGER IF NOT EXISTS "easy_cache_log_delete" AFTER DELETE ON "log" BEGIN INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'D', NULL); END;

-- and back

DROP TRIGGER IF EXISTS "easy_cache_books_insert";
DROP TRIGGER IF EXISTS "easy_cache_books_update";
DROP TRIGGER IF EXISTS "easy_cache_books_delete";
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_insert";
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_update";
DROP TRIGGER IF EXISTS "shop"."easy_cache_order lines_delete";
DROP TRIGGER IF EXISTS "easy_cache_log_insert";
DROP TRIGGER IF EXISTS "easy_cache_log_update";
DROP TRIGGER IF EXISTS "easy_cache_log_delete";
DROP TABLE IF EXISTS easy_cache_outbox;
DROP TABLE IF EXISTS easy_cache_relays;
