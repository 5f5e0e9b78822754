//! The client by hand: what an application would write that checks versions itself. Nothing is compared here, so it is a floor.

use std::sync::Arc;

use easy_cache_redis::deadpool_redis::redis::aio::MultiplexedConnection;
use easy_cache_redis::deadpool_redis::redis::{Client, cmd};
use easy_cache_redis::deadpool_redis::{Config, Pool, Runtime};

use crate::callers::{Candidate, Problem};
use crate::values::Values;

/// One trip, which is the measure for all others; two; and one trip on a connection of a pool.
pub(crate) async fn candidates(url: &str, values: &Values) -> Result<Vec<Candidate>, Problem> {
    let mut shared = Client::open(url)?.get_multiplexed_async_connection().await?;
    fill(&mut shared, values).await?;
    let pool = Config::from_url(url).create_pool(Some(Runtime::Tokio1))?;
    Ok(vec![
        Candidate::new("by hand, MGET, one connection", shared.clone(), values, in_one_trip),
        Candidate::new("by hand, GET, then MGET of the tags", shared, values, in_two_trips),
        Candidate::new("by hand, MGET, a pool of connections", pool, values, by_pool),
    ])
}

async fn fill(connection: &mut MultiplexedConnection, values: &Values) -> Result<(), Problem> {
    for named in values.iter() {
        let mut command = cmd("MSET");
        command.arg(&named.key).arg(&named.value);
        named.tags.iter().for_each(|tag| _ = command.arg(tag).arg("version 16 bytes"));
        command.exec_async(connection).await?;
    }
    Ok(())
}

async fn in_one_trip(mut connection: MultiplexedConnection, values: Values, place: usize) -> Result<String, Problem> {
    let named = &values[place];
    let command = cmd("MGET").arg(&named.key).arg(&named.tags).to_owned();
    let (value, _, _): (String, Vec<u8>, Vec<u8>) = command.query_async(&mut connection).await?;
    Ok(value)
}

async fn in_two_trips(mut connection: MultiplexedConnection, values: Values, place: usize) -> Result<String, Problem> {
    let named = &values[place];
    let value = cmd("GET").arg(&named.key).query_async(&mut connection).await?;
    let _versions: (Vec<u8>, Vec<u8>) = cmd("MGET").arg(&named.tags).query_async(&mut connection).await?;
    Ok(value)
}

async fn by_pool(pool: Pool, values: Values, place: usize) -> Result<String, Problem> {
    let connection = pool.get().await?;
    in_one_trip((*connection).clone(), Arc::clone(&values), place).await
}
