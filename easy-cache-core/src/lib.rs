//! The engine of easy-cache.
