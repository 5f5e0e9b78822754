//! One task of a worker: its random operations, and the rules that every answer must keep.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sea_orm::DbErr;

use super::items::{Snapshot, TAKEN_BACK, Way};
use super::negligent::Mistake;
use super::referee::{Counts, Referee};
use super::through::Through;
use crate::random::Random;

/// Operations between two reports.
const ROUND: u32 = 8;

/// What the tasks of a worker share.
#[derive(Debug)]
pub struct Shared {
    /// What is under test.
    pub items: Through,
    /// The truth.
    pub referee: Referee,
    /// How many rows there are.
    pub rows: i32,
    /// Whether the futures of writes are dropped, now and then.
    pub drops: bool,
    /// What is left out.
    pub mistake: Option<Mistake>,
    /// Whether the parent has had enough.
    pub done: AtomicBool,
}

/// One task.
#[derive(Debug)]
pub struct Session<'a> {
    shared: &'a Shared,
    random: Random,
    counts: Counts,
}

/// What may be asked of the cache.
#[derive(Debug, Clone, Copy)]
enum Asked {
    One(i32),
    All,
}

impl<'a> Session<'a> {
    /// The task with this seed.
    #[must_use]
    pub const fn new(shared: &'a Shared, seed: u64) -> Self {
        let counts = Counts { reads: 0, hits: 0, writes: 0, unknown: 0 };
        Self { shared, random: Random::new(seed), counts }
    }

    /// Operates until the parent has had enough.
    ///
    /// # Errors
    /// If the referee cannot be asked.
    pub async fn run(mut self) -> Result<(), DbErr> {
        while !self.shared.done.load(Ordering::SeqCst) {
            for _ in 0..ROUND {
                self.step().await?;
            }
            self.shared.referee.count(std::mem::take(&mut self.counts)).await?;
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<(), DbErr> {
        let row = self.random.below(self.shared.rows as u64) as i32;
        match self.random.below(100) {
            0..40 => self.look(Asked::One(row)).await,
            40..50 => self.look(Asked::All).await,
            50..70 => self.call(Asked::One(row)).await,
            70..76 => self.call(Asked::All).await,
            76..82 => {
                self.compute_from_a_snapshot(row).await;
                Ok(())
            }
            82..84 => {
                // Whether it could be written or not: it is taken back.
                let _taken_back = self.shared.items.take_back(row).await;
                Ok(())
            }
            84 => self.write_all().await,
            _ => self.write(row).await,
        }
    }

    async fn look(&mut self, asked: Asked) -> Result<(), DbErr> {
        let committed = self.shared.referee.committed().await?;
        let found = match asked {
            Asked::One(row) => self.shared.items.look(row).await.map(|number| vec![number]),
            Asked::All => self.shared.items.look_all().await,
        };
        self.counts.reads += 1;
        let Some(numbers) = found else { return Ok(()) };
        self.counts.hits += 1;
        self.check("strict", asked, &numbers, &committed).await
    }

    async fn call(&mut self, asked: Asked) -> Result<(), DbErr> {
        let acknowledged = self.shared.referee.acknowledged().await?;
        let computed = AtomicBool::new(false);
        let answer = match asked {
            Asked::One(row) => self.shared.items.call(row, &computed).await.map(|number| vec![number]),
            Asked::All => self.shared.items.call_all(&computed).await,
        };
        self.counts.reads += 1;
        // Without its database it has no answer.
        let Ok(numbers) = answer else { return Ok(()) };
        let rule = if computed.into_inner() { "acknowledged, and computed" } else { "acknowledged" };
        self.check(rule, asked, &numbers, &acknowledged).await
    }

    async fn check(&self, rule: &str, asked: Asked, numbers: &[i64], least: &[i64]) -> Result<(), DbErr> {
        let first = match asked {
            Asked::One(row) => row as usize,
            Asked::All => 0,
        };
        let orm = self.shared.items.orm().name();
        for (place, (number, least)) in numbers.iter().zip(&least[first..]).enumerate() {
            let row = first + place;
            if *number >= TAKEN_BACK {
                self.shared
                    .referee
                    .violation(&format!("rolled back: {asked:?} by {orm} has row {row} as {number}"))
                    .await?;
            } else if number < least {
                let words =
                    format!("{rule}: {asked:?} by {orm} has row {row} as {number}, and {least} was there before");
                self.shared.referee.violation(&words).await?;
            }
        }
        Ok(())
    }

    /// Without its database it computes nothing.
    async fn compute_from_a_snapshot(&mut self, row: i32) {
        let snapshot = Snapshot {
            is_repeatable: self.random.one_in(2),
            is_kept: self.shared.mistake == Some(Mistake::KeepsSnapshots),
            pause: Duration::from_millis(self.random.below(20)),
        };
        let _computed = self.shared.items.compute_from_a_snapshot(row, snapshot).await;
    }

    async fn write(&mut self, row: i32) -> Result<(), DbErr> {
        let Shared { items, referee, drops, .. } = self.shared;
        let way = Way::ALL[self.random.below(Way::ALL.len() as u64) as usize];
        let polls = if *drops && self.random.one_in(6) { self.random.below(16) } else { u64::MAX };
        let before = referee.committed().await?[row as usize];
        match (Dropped { inner: pin!(items.write(row, way)), polls }).await {
            Some(Ok(())) => {
                referee.acknowledge(row, before + 1).await?;
                self.counts.writes += 1;
            }
            Some(Err(_)) | None => self.counts.unknown += 1,
        }
        Ok(())
    }

    async fn write_all(&mut self) -> Result<(), DbErr> {
        let Shared { items, referee, .. } = self.shared;
        let before = referee.committed().await?;
        if items.write_all().await.is_ok() {
            for (row, number) in before.iter().enumerate() {
                referee.acknowledge(row as i32, number + 1).await?;
            }
            self.counts.writes += 1;
        }
        Ok(())
    }
}

/// A future that is dropped after so many polls: `None`.
#[derive(Debug)]
pub struct Dropped<'a, F> {
    /// What is polled.
    pub inner: Pin<&'a mut F>,
    /// How often.
    pub polls: u64,
}

impl<F: Future> Future for Dropped<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(cx).map(Some)
    }
}
