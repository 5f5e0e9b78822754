//! The same way where responses are kept in a store outside the process: every look is awaited, and what it finds is taken along, so that
//! nothing is asked twice.

use std::sync::Arc;

use easy_cache_core::{Address, Computation, Joined, Scope, Shelf, Tag};

use super::exchange::{Exchange, Task};
use super::find::{Arrival, DETOURS, holds_part, key_of};
use super::key;
use super::pass::{Passage, Watch};
use super::previous::Previous;
use super::stored::{self, Hit, Value, Varies, is_served};
use super::way::{self, Waiting, Way, may_refresh, without_keeping};
use crate::{Forward, MethodClass, Reuse};

/// What the first look finds.
enum Held {
    Response(Found),
    /// Responses for this key are not to be waited for.
    Foreign,
    Nothing,
}

/// A response, its place, and what it depends on.
struct Found {
    hit: Hit,
    place: Vec<u8>,
    seen: Scope,
}

/// What a request that goes on takes with it.
enum Next {
    Answer(Found),
    Lead(Computation, Found),
    /// Others may wait for it, and it for others.
    Wait(Option<Found>),
    /// Nobody waits.
    Alone(Option<Found>),
}

pub(super) async fn arrive(shelf: Shelf, mut exchange: Box<Exchange>) -> Arrival {
    if let Some(found) = look_near(&shelf, &exchange) {
        return answer(exchange, found);
    }
    let held = look(&shelf, &mut exchange).await;
    let next = match held {
        Held::Response(found) => after(&shelf, &mut exchange, found).await,
        Held::Foreign => Next::Alone(None),
        Held::Nothing => match at_nothing(&mut exchange) {
            Ok(next) => next,
            Err(watch) => {
                let passage = Passage::watched(&exchange.settings, exchange.forward, watch);
                return Arrival::Pass(passage.telling(exchange.told_key.take()));
            }
        },
    };
    if let Next::Answer(found) = next {
        return answer(exchange, found);
    }
    if let Some(found) = look_for_part(&shelf, &exchange).await {
        return answer(exchange, found);
    }
    let has_place = matches!(next, Next::Wait(Some(_)) | Next::Alone(Some(_)));
    match without_keeping(&exchange.settings, &exchange.facts, exchange.forward, has_place) {
        Some(Way::Answer(response)) => return Arrival::Answer(response),
        Some(way) => {
            if let Way::Pass(passage) = way.telling(exchange.told_key.clone()) {
                return Arrival::Pass(passage);
            }
        }
        None => {}
    }
    go(&shelf, exchange, next).await
}

/// What comes where nothing was found; or what is looked at in passing, where responses were not for keeping.
fn at_nothing(exchange: &mut Exchange) -> Result<Next, Watch> {
    let key = key_of(exchange, exchange.varies.as_deref());
    let place = exchange.settings.apart.place(&key);
    exchange.place = Some(place);
    match way::at_nothing(&exchange.settings, &exchange.facts, place)? {
        Waiting::Allowed => Ok(Next::Wait(None)),
        Waiting::Useless => Ok(Next::Alone(None)),
    }
}

/// To the handler, or to those who wait.
async fn go(shelf: &Shelf, mut exchange: Box<Exchange>, next: Next) -> Arrival {
    let base = exchange.base.clone();
    match next {
        Next::Wait(Some(found)) | Next::Alone(Some(found)) if exchange.facts.method == MethodClass::Head => {
            exchange.facts.method = MethodClass::Get; // what it says is about the stored `GET`
            let mut task = begin(shelf, exchange, base, Some(found)).await;
            task.is_head = true;
            Arrival::Compute(task)
        }
        Next::Lead(computation, found) => {
            let (place, response) =
                (found.place.clone(), exchange.may_go_on_behind.then(|| exchange.answer(&found.hit)));
            let task = task(exchange, computation, place, Some(found));
            match response {
                Some(response) => Arrival::Behind(response, task),
                None => Arrival::Compute(task),
            }
        }
        _ if exchange.facts.range => {
            let part = key::part(&base);
            Arrival::Compute(begin(shelf, exchange, part, None).await)
        }
        Next::Wait(_) if !exchange.facts.authorized => wait(shelf, exchange).await,
        Next::Wait(found) | Next::Alone(found) => Arrival::Compute(begin(shelf, exchange, base, found).await),
        Next::Answer(found) => answer(exchange, found),
    }
}

fn answer(exchange: Box<Exchange>, found: Found) -> Arrival {
    found.seen.close();
    Arrival::Found(exchange, found.hit)
}

fn task(exchange: Box<Exchange>, computation: Computation, place: Vec<u8>, found: Option<Found>) -> Box<Task> {
    let previous = found.and_then(|found| Previous::of(&exchange, found.hit, found.place, found.seen));
    let mut task = Task::new(*exchange, computation, Some(place));
    task.previous = previous;
    task
}

fn tags_of(exchange: &Exchange) -> Vec<Tag> {
    exchange.tags_of_the_address().cloned().collect()
}

/// A task that nobody waits for.
async fn begin(shelf: &Shelf, exchange: Box<Exchange>, place: Vec<u8>, found: Option<Found>) -> Box<Task> {
    let computation = shelf.begin(&Address::at(&exchange.base, &place), &tags_of(&exchange)).await;
    task(exchange, computation, place, found)
}

/// A copy in this process, if it answers as it is: whatever else a response may be good for, the store is asked for it.
fn look_near(shelf: &Shelf, exchange: &Exchange) -> Option<Found> {
    let Exchange { settings, facts, headers, base, .. } = exchange;
    let (place, (value, seen)) = match look_near_at(shelf, base, base)? {
        (Value::Varies(varies), _) => {
            let place = varies.key(base, &settings.policy, headers);
            let found = look_near_at(shelf, base, &place)?;
            (place, found)
        }
        found => (base.clone(), found),
    };
    let Value::Response(hit) = value else { return None };
    let answers = matches!(hit.reuse(facts, &settings.policy), Reuse::Serve { .. });
    answers.then_some(Found { hit, place, seen })
}

fn look_near_at(shelf: &Shelf, base: &[u8], place: &[u8]) -> Option<(Value, Scope)> {
    let mut seen = Scope::new();
    let stored = seen.run(|| shelf.near(&Address::at(base, place)))?;
    Some((Value::of(stored), seen))
}

/// One look, or two where there are variants.
async fn look(shelf: &Shelf, exchange: &mut Exchange) -> Held {
    let base = exchange.base.clone();
    let found = match look_at(shelf, &base, base.clone()).await {
        Some((Value::Varies(varies), _)) => {
            exchange.forward = Forward::VaryMiss;
            let place = varies.key(&base, &exchange.settings.policy, &exchange.headers);
            exchange.varies = Some(varies);
            look_at(shelf, &base, place.clone()).await.map(|found| (found, place))
        }
        found => found.map(|found| (found, base)),
    };
    match found {
        None => Held::Nothing,
        Some(((Value::Response(hit), _), _)) if hit.is_over() => Held::Nothing,
        Some(((Value::Response(hit), seen), place)) => Held::Response(Found { hit, place, seen }),
        Some(((Value::Foreign | Value::Varies(_), _), _)) => Held::Foreign,
    }
}

async fn look_at(shelf: &Shelf, base: &[u8], place: Vec<u8>) -> Option<(Value, Scope)> {
    let (mut seen, address) = (Scope::new(), Address::at(base, place));
    let stored = seen.wrap(shelf.look(&address)).await?;
    Some((Value::of(stored), seen))
}

async fn look_for_part(shelf: &Shelf, exchange: &Exchange) -> Option<Found> {
    let Exchange { settings, facts, headers, base, .. } = exchange;
    if !facts.range || !settings.policy.keeps_parts() {
        return None;
    }
    let place = key::part(base);
    let (value, seen) = look_at(shelf, base, place.clone()).await?;
    let hit = holds_part(settings, facts, headers, value)?;
    Some(Found { hit, place, seen })
}

/// What comes after a response was found, and why.
async fn after(shelf: &Shelf, exchange: &mut Exchange, found: Found) -> Next {
    let (forward, next) = match found.hit.reuse(&exchange.facts, &exchange.settings.policy) {
        Reuse::Unwanted => (Forward::Request, Next::Alone(Some(found))),
        // What always has to be asked about is nobody else's: one answer cannot be given to two.
        Reuse::Stale if found.hit.response.terms.stale.always_asks() => (Forward::Stale, Next::Alone(Some(found))),
        Reuse::Stale => (Forward::Stale, Next::Wait(Some(found))),
        Reuse::ServeAndRefresh { .. } if may_refresh(&exchange.facts) => {
            let address = Address::at(&exchange.base, &found.place);
            match shelf.try_lead(&address, &tags_of(exchange)).await {
                Some(computation) => (Forward::Stale, Next::Lead(computation, found)),
                None => return Next::Answer(found),
            }
        }
        reuse if is_served(reuse) => return Next::Answer(found),
        _ => (Forward::Request, Next::Alone(None)),
    };
    exchange.forward = forward;
    next
}

/// What is there now, for who goes to the handler.
fn found_by(computation: &Computation, place: &[u8]) -> Option<Found> {
    let mut seen = Scope::new();
    match Value::of(seen.run(|| computation.found())?) {
        Value::Response(hit) => Some(Found { hit, place: place.to_vec(), seen }),
        Value::Varies(_) | Value::Foreign => None,
    }
}

/// Whoever was at this variant found that responses differ by other fields: look there before calling the handler.
async fn differs_now(shelf: &Shelf, exchange: &Exchange) -> bool {
    let Some(known) = &exchange.varies else { return false };
    match look_at(shelf, &exchange.base, exchange.base.clone()).await {
        Some((Value::Varies(varies), _)) => !known.is_same(Some(&varies)),
        _ => true,
    }
}

/// Waits for those who are at the same place.
async fn wait(shelf: &Shelf, mut exchange: Box<Exchange>) -> Arrival {
    let settings = Arc::clone(&exchange.settings);
    let facts = exchange.facts;
    for _ in 0..DETOURS {
        let place = key_of(&exchange, exchange.varies.as_deref());
        let address = Address::at(&exchange.base, &place);
        let tags = tags_of(&exchange);
        let joining = shelf.join(&address, &tags);
        let joining = joining.accept(|stored| stored::is_accepted(stored, &facts, &settings.policy));
        let joined = settings.recordings.follow(&place, joining).await;
        match joined {
            Joined::Compute(computation) if differs_now(shelf, &exchange).await => {
                computation.scatter();
                exchange.varies = None;
            }
            Joined::Compute(computation) => {
                let found = found_by(&computation, &place);
                return Arrival::Compute(task(exchange, computation, place, found));
            }
            Joined::Found(stored) => match Value::of(stored) {
                Value::Varies(varies) => vary(&mut exchange, varies),
                Value::Response(hit) => return Arrival::Found(exchange, hit),
                Value::Foreign => return Arrival::Compute(begin(shelf, exchange, place, None).await),
            },
        }
    }
    let place = key_of(&exchange, exchange.varies.as_deref());
    Arrival::Compute(begin(shelf, exchange, place, None).await)
}

fn vary(exchange: &mut Exchange, varies: Arc<Varies>) {
    if exchange.forward == Forward::UriMiss {
        exchange.forward = Forward::VaryMiss;
    }
    exchange.varies = Some(varies);
}
