DROP FUNCTION IF EXISTS "easy_cache_notify_books"() CASCADE;
CREATE FUNCTION "easy_cache_notify_books"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $easy_cache$ DECLARE keys jsonb; changed bigint := 1; BEGIN IF TG_OP = 'INSERT' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM new_rows LIMIT 101) AS few; ELSIF TG_OP = 'UPDATE' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM (SELECT "id" FROM old_rows UNION SELECT "id" FROM new_rows) AS both_rows LIMIT 101) AS few; ELSIF TG_OP = 'DELETE' THEN SELECT jsonb_agg(jsonb_build_array("id")), count(*) INTO keys, changed FROM (SELECT "id" FROM old_rows LIMIT 101) AS few; END IF; IF changed = 0 THEN RETURN NULL; END IF; IF changed > 100 THEN keys := NULL; END IF; IF length(keys::text) > 7000 THEN keys := NULL; END IF; PERFORM pg_notify('easy_cache', jsonb_build_array('books', left(TG_OP, 1), keys)::text); RETURN NULL; END $easy_cache$;
CREATE TRIGGER "easy_cache_notify_insert" AFTER INSERT ON "books" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_notify_books"();
CREATE TRIGGER "easy_cache_notify_update" AFTER UPDATE ON "books" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_notify_books"();
CREATE TRIGGER "easy_cache_notify_delete" AFTER DELETE ON "books" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_notify_books"();
CREATE TRIGGER "easy_cache_notify_truncate" AFTER TRUNCATE ON "books" FOR EACH STATEMENT EXECUTE FUNCTION "easy_cache_notify_books"();

-- and back

DROP FUNCTION IF EXISTS "easy_cache_notify_books"() CASCADE;
