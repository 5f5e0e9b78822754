//! What is stored, and where: the names of records and entries, and their bytes. A change here is one of the stored layout.
//!
//! Of one namespace `shop` there are
//!
//! | key | type | content |
//! |---|---|---|
//! | `{ec1:shop}:o` | string | the **order**: its id (16 bytes, new whenever it is made), then the sequence in decimal digits |
//! | `{ec1:shop}:b` | hash | the **buckets**: `i` is the id again, `0` to `4095` the sequence of the last invalidation in each |
//! | `{ec1:shop}:r:!` | string | the **record** of the namespace (the epoch): a version, then the marks of writers |
//! | `{ec1:shop}:r:k…` | string | the record of a key, the same |
//! | `{ec1:shop}:r:t…`, `p…`, `d…` | string | the record of a tag, the same |
//! | `{ec1:shop}:n` | channel | names of records, each behind its length, for those who cannot track them |
//! | `ec1:shop:e:KIND:…` | string | an entry, of a kind in hexadecimal digits |
//! | `ec1:shop:w:…` | string | a value on its way; gone after a minute |
//! | `ec1:shop:l:…` | string | who computes a key |
//!
//! A record is sixteen bytes of version (zeros: none), then for each writer sixteen of its name and eight of its deadline, in
//! microseconds by the server's clock. A record that is not there is one without version. What is under the braces stands
//! together on one node of a cluster.

mod bucket;
mod entry;
mod keys;
mod record;

pub(crate) use bucket::{bucket, hash};
#[cfg(feature = "cluster")]
pub(crate) use entry::fill_in;
pub(crate) use entry::{Entry, Order, Sealed, stands_under};
pub(crate) use keys::{Keys, LONGEST};
pub(crate) use record::Record;
