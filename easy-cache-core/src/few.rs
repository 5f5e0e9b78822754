//! A few tags in their own place, since memory that is asked for costs more than copying them. Most values have no more than these.

use std::ops::Deref;

use crate::Tag;

/// Tags, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub(crate) enum Tags {
    #[default]
    None,
    One([Tag; 1]),
    Two([Tag; 2]),
    Three([Tag; 3]),
    More(Vec<Tag>),
}

impl Tags {
    pub(crate) fn push(&mut self, tag: Tag) {
        *self = match std::mem::take(self) {
            Self::None => Self::One([tag]),
            Self::One([a]) => Self::Two([a, tag]),
            Self::Two([a, b]) => Self::Three([a, b, tag]),
            Self::Three([a, b, c]) => Self::More(vec![a, b, c, tag]),
            Self::More(mut tags) => {
                tags.push(tag);
                Self::More(tags)
            }
        };
    }

    pub(crate) fn into_vec(self) -> Vec<Tag> {
        match self {
            Self::None => Vec::new(),
            Self::One(tags) => tags.into(),
            Self::Two(tags) => tags.into(),
            Self::Three(tags) => tags.into(),
            Self::More(tags) => tags,
        }
    }
}

impl Extend<Tag> for Tags {
    fn extend<I: IntoIterator<Item = Tag>>(&mut self, tags: I) {
        tags.into_iter().for_each(|tag| self.push(tag));
    }
}

impl From<&[Tag]> for Tags {
    fn from(tags: &[Tag]) -> Self {
        match tags {
            [] => Self::None,
            [a] => Self::One([a.clone()]),
            [a, b] => Self::Two([a.clone(), b.clone()]),
            [a, b, c] => Self::Three([a.clone(), b.clone(), c.clone()]),
            more => Self::More(more.to_vec()),
        }
    }
}

impl Deref for Tags {
    type Target = [Tag];

    fn deref(&self) -> &[Tag] {
        match self {
            Self::None => &[],
            Self::One(tags) => tags,
            Self::Two(tags) => tags,
            Self::Three(tags) => tags,
            Self::More(tags) => tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_tags_is_kept_in_order_however_they_come() {
        for len in 0..9 {
            let names: Vec<Tag> = (0..len).map(|n| Tag::new(format!("t{n}"))).collect();
            let mut added = Tags::default();
            added.extend(names.iter().cloned());
            assert_eq!((&*added, &*Tags::from(&*names)), (&*names, &*names));
            assert_eq!(added.into_vec(), names);
        }
    }
}
