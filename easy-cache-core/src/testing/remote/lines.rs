//! The connections on which near caches are told what changes: in order, but late, and they may break.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Tag;
use crate::store::{Asked, Mirror};

/// What a near cache is told.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// The records of these tags and keys may have changed. None: there is nothing to tell.
    Of(Vec<Tag>, Vec<Box<[u8]>>),
    OfEverything,
    Answer(Asked),
}

impl News {
    pub(super) const NONE: Self = Self::Of(Vec::new(), Vec::new());

    fn is_none(&self) -> bool {
        matches!(self, Self::Of(tags, keys) if tags.is_empty() && keys.is_empty())
    }

    /// What happened first, and what happened then.
    pub(super) fn and(self, then: Self) -> Self {
        match (self, then) {
            (Self::Of(mut tags, mut keys), Self::Of(more_tags, more_keys)) => {
                tags.extend(more_tags);
                keys.extend(more_keys);
                Self::Of(tags, keys)
            }
            _ => Self::OfEverything,
        }
    }
}

#[derive(Debug)]
struct Line {
    number: usize,
    mirror: Arc<dyn Mirror>,
    is_up: bool,
    /// Not told yet.
    queue: VecDeque<News>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    next: usize,
    held: bool,
}

impl Lines {
    pub(super) fn add(&mut self, mirror: Arc<dyn Mirror>) -> usize {
        let number = self.next;
        self.next += 1;
        self.lines.push(Line { number, mirror, is_up: true, queue: [News::OfEverything].into() });
        number
    }

    /// What it was connected to, to be dropped without a lock.
    pub(super) fn remove(&mut self, number: usize) -> Option<Arc<dyn Mirror>> {
        let place = self.lines.iter().position(|line| line.number == number)?;
        Some(self.lines.remove(place).mirror)
    }

    pub(super) fn mirrors(&self) -> Vec<(usize, Arc<dyn Mirror>)> {
        self.lines.iter().map(|line| (line.number, Arc::clone(&line.mirror))).collect()
    }

    /// Whether there is anything to be told.
    pub(super) fn tell(&mut self, news: &News) -> bool {
        if !news.is_none() {
            self.lines.iter_mut().filter(|line| line.is_up).for_each(|line| line.queue.push_back(news.clone()));
        }
        !news.is_none()
    }

    pub(super) fn put_on(&mut self, number: usize, news: News) {
        let line = self.lines.iter_mut().find(|line| line.number == number && line.is_up);
        line.into_iter().for_each(|line| line.queue.push_back(news.clone()));
    }

    pub(super) const fn hold(&mut self) {
        self.held = true;
    }

    pub(super) const fn release(&mut self) {
        self.held = false;
    }

    pub(super) fn cut(&mut self) {
        for line in &mut self.lines {
            line.is_up = false;
            line.queue.clear();
        }
    }

    pub(super) fn reconnect(&mut self) {
        for line in &mut self.lines {
            line.is_up = true;
            line.queue = [News::OfEverything].into();
        }
    }

    /// What is to be told next, and to whom.
    pub(super) fn next(&mut self) -> Option<(Arc<dyn Mirror>, News)> {
        if self.held {
            return None;
        }
        self.lines.iter_mut().find_map(|line| Some((Arc::clone(&line.mirror), line.queue.pop_front()?)))
    }
}
