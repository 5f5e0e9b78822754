CREATE TABLE IF NOT EXISTS easy_cache_outbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transaction BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint), tbl TEXT NOT NULL, operation TEXT NOT NULL, row_keys TEXT, written BIGINT NOT NULL DEFAULT (extract(epoch FROM now())::bigint));
CREATE INDEX IF NOT EXISTS easy_cache_outbox_transaction ON easy_cache_outbox (transaction);
CREATE TABLE IF NOT EXISTS easy_cache_relays (name TEXT PRIMARY KEY, position TEXT NOT NULL, saved BIGINT NOT NULL);
DROP FUNCTION IF EXISTS "easy_cache_outbox_books"() CASCADE;
CREATE FUNCTION "easy_cache_outbox_books"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $easy_cache$ DECLARE keys jsonb; changed bigint := 1; BEGIN IF TG_OP = 'INSERT' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM new_rows LIMIT 101) AS few; ELSIF TG_OP = 'UPDATE' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM (SELECT "id" FROM old_rows UNION SELECT "id" FROM new_rows) AS both_rows LIMIT 101) AS few; ELSIF TG_OP = 'DELETE' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM old_rows LIMIT 101) AS few; END IF; IF changed = 0 THEN RETURN NULL; END IF; IF changed > 100 THEN keys := NULL; END IF; INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', left(TG_OP, 1), keys::text); RETURN NULL; END $easy_cache$;
CREATE TRIGGER "easy_cache_outbox_insert" AFTER INSERT ON "books" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_books"();
CREATE TRIGGER "easy_cache_outbox_update" AFTER UPDATE ON "books" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_books"();
CREATE TRIGGER "easy_cache_outbox_delete" AFTER DELETE ON "books" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_books"();
CREATE TRIGGER "easy_cache_outbox_truncate" AFTER TRUNCATE ON "books" FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_books"();
DROP FUNCTION IF EXISTS "shop"."easy_cache_outbox_order lines"() CASCADE;
CREATE FUNCTION "shop"."easy_cache_outbox_order lines"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $easy_cache$ DECLARE keys jsonb; changed bigint := 1; BEGIN IF TG_OP = 'INSERT' THEN SELECT jsonb_agg(jsonb_build_array("order", "It's")), count(*) INTO keys, changed FROM (SELECT "order", "It's" FROM new_rows LIMIT 101) AS few; ELSIF TG_OP = 'UPDATE' THEN SELECT jsonb_agg(jsonb_build_array("order", "It's")), count(*) INTO keys, changed FROM (SELECT "order", "It's" FROM (SELECT "order", "It's" FROM old_rows UNION SELECT "order", "It's" FROM new_rows) AS both_rows LIMIT 101) AS few; ELSIF TG_OP = 'DELETE' THEN SELECT jsonb_agg(jsonb_build_array("order", "It's")), count(*) INTO keys, changed FROM (SELECT "order", "It's" FROM old_rows LIMIT 101) AS few; END IF; IF changed = 0 THEN RETURN NULL; END IF; IF changed > 100 THEN keys := NULL; END IF; INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', left(TG_OP, 1), keys::text); RETURN NULL; END $easy_cache$;
CREATE TRIGGER "easy_cache_outbox_insert" AFTER INSERT ON "shop"."order lines" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "shop"."easy_cache_outbox_order lines"();
CREATE TRIGGER "easy_cache_outbox_update" AFTER UPDATE ON "shop"."order lines" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "shop"."easy_cache_outbox_order lines"();
CREATE TRIGGER "easy_cache_outbox_delete" AFTER DELETE ON "shop"."order lines" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "shop"."easy_cache_outbox_order lines"();
CREATE TRIGGER "easy_cache_outbox_truncate" AFTER TRUNCATE ON "shop"."order lines" FOR EACH STATEMENT EXECUTE FUNCTION "shop"."easy_cache_outbox_order lines"();
DROP FUNCTION IF EXISTS "easy_cache_outbox_log"() CASCADE;
CREATE FUNCTION "easy_cache_outbox_log"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $easy_cache$ DECLARE keys jsonb; changed bigint := 1; BEGIN IF TG_OP IN ('INSERT', 'UPDATE') THEN SELECT count(*) INTO changed FROM (SELECT 1 FROM new_rows LIMIT 1) AS few; ELSIF TG_OP = 'DELETE' THEN SELECT count(*) INTO changed FROM (SELECT 1 FROM old_rows LIMIT 1) AS few; END IF; IF changed = 0 THEN RETURN NULL; END IF; IF changed > 100 THEN keys := NULL; END IF; INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', left(TG_OP, 1), keys::text); RETURN NULL; END $easy_cache$;
CREATE TRIGGER "easy_cache_outbox_insert" AFTER INSERT ON "log" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_log"();
CREATE TRIGGER "easy_cache_outbox_update" AFTER UPDATE ON "log" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_log"();
CREATE TRIGGER "easy_cache_outbox_delete" AFTER DELETE ON "log" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_log"();
CREATE TRIGGER "easy_cache_outbox_truncate" AFTER TRUNCATE ON "log" FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_outbox_log"();

-- and back

DROP FUNCTION IF EXISTS "easy_cache_outbox_books"() CASCADE;
DROP FUNCTION IF EXISTS "shop"."easy_cache_outbox_order lines"() CASCADE;
DROP FUNCTION IF EXISTS "easy_cache_outbox_log"() CASCADE;
DROP TABLE IF EXISTS easy_cache_outbox;
DROP TABLE IF EXISTS easy_cache_relays;
