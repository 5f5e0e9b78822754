CREATE TABLE IF NOT EXISTS easy_cache_outbox (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, tbl VARCHAR(255) NOT NULL, operation CHAR(1) NOT NULL, row_keys TEXT CHARACTER SET utf8mb4, written BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()), INDEX (written)) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS easy_cache_relays (name VARCHAR(191) NOT NULL PRIMARY KEY, position MEDIUMTEXT NOT NULL, saved BIGINT NOT NULL) ENGINE = InnoDB;
DROP TRIGGER IF EXISTS `easy_cache_books_insert`;
DROP TRIGGER IF EXISTS `easy_cache_books_update`;
DROP TRIGGER IF EXISTS `easy_cache_books_delete`;
CREATE TRIGGER `easy_cache_books_insert` AFTER INSERT ON `books` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'I', JSON_ARRAY(JSON_ARRAY(NEW.`id`)));
CREATE TRIGGER `easy_cache_books_update` AFTER UPDATE ON `books` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'U', JSON_ARRAY(JSON_ARRAY(OLD.`id`), JSON_ARRAY(NEW.`id`)));
CREATE TRIGGER `easy_cache_books_delete` AFTER DELETE ON `books` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('books', 'D', JSON_ARRAY(JSON_ARRAY(OLD.`id`)));
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_insert`;
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_update`;
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_delete`;
CREATE TRIGGER `shop`.`easy_cache_order lines_insert` AFTER INSERT ON `shop`.`order lines` FOR EACH ROW INSERT INTO `shop`.easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'I', JSON_ARRAY(JSON_ARRAY(IF(LENGTH(NEW.`order`) = 16, HEX(NEW.`order`), NEW.`order`), NEW.`It's`)));
CREATE TRIGGER `shop`.`easy_cache_order lines_update` AFTER UPDATE ON `shop`.`order lines` FOR EACH ROW INSERT INTO `shop`.easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'U', JSON_ARRAY(JSON_ARRAY(IF(LENGTH(OLD.`order`) = 16, HEX(OLD.`order`), OLD.`order`), OLD.`It's`), JSON_ARRAY(IF(LENGTH(NEW.`order`) = 16, HEX(NEW.`order`), NEW.`order`), NEW.`It's`)));
CREATE TRIGGER `shop`.`easy_cache_order lines_delete` AFTER DELETE ON `shop`.`order lines` FOR EACH ROW INSERT INTO `shop`.easy_cache_outbox (tbl, operation, row_keys) VALUES ('shop.order lines', 'D', JSON_ARRAY(JSON_ARRAY(IF(LENGTH(OLD.`order`) = 16, HEX(OLD.`order`), OLD.`order`), OLD.`It's`)));
DROP TRIGGER IF EXISTS `easy_cache_log_insert`;
DROP TRIGGER IF EXISTS `easy_cache_log_update`;
DROP TRIGGER IF EXISTS `easy_cache_log_delete`;
CREATE TRIGGER `easy_cache_log_insert` AFTER INSERT ON `log` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'I', NULL);
CREATE TRIGGER `easy_cache_log_update` AFTER UPDATE ON `log` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'U', NULL);
CREATE TRIGGER `easy_cache_log_delete` AFTER DELETE ON `log` FOR EACH ROW INSERT INTO easy_cache_outbox (tbl, operation, row_keys) VALUES ('log', 'D', NULL);

-- and back

DROP TRIGGER IF EXISTS `easy_cache_books_insert`;
DROP TRIGGER IF EXISTS `easy_cache_books_update`;
DROP TRIGGER IF EXISTS `easy_cache_books_delete`;
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_insert`;
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_update`;
DROP TRIGGER IF EXISTS `shop`.`easy_cache_order lines_delete`;
DROP TRIGGER IF EXISTS `easy_cache_log_insert`;
DROP TRIGGER IF EXISTS `easy_cache_log_update`;
DROP TRIGGER IF EXISTS `easy_cache_log_delete`;
DROP TABLE IF EXISTS easy_cache_outbox;
DROP TABLE IF EXISTS easy_cache_relays;
