//! What a trip takes along of the call that it is made for: a key and tags, in its own place if they are short and few, since memory
//! that is asked for costs more than copying them.

use std::ops::Deref;

use crate::Tag;

/// Keys up to this length need no memory of their own.
const SHORT: usize = 55;

/// A copy of a key.
pub(super) enum Key {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

/// Copies of tags, each of which is a reference count.
pub(super) enum Tags {
    None,
    One([Tag; 1]),
    Two([Tag; 2]),
    Three([Tag; 3]),
    More(Vec<Tag>),
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match (u8::try_from(key.len()), short.get_mut(..key.len())) {
            (Ok(len), Some(place)) => {
                place.copy_from_slice(key);
                Self::Short(len, short)
            }
            _ => Self::Long(key.into()),
        }
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(len, bytes) => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(key) => key,
        }
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
    fn keys_of_any_length_and_any_number_of_tags_are_taken_along_as_they_are() {
        for len in 0..300 {
            let key: Vec<u8> = (0..len).map(|n| n as u8).collect();
            assert_eq!(*Key::from(&*key), *key);
        }
        for len in 0..6 {
            let tags: Vec<Tag> = (0..len).map(|n| Tag::new(format!("t{n}"))).collect();
            assert_eq!(*Tags::from(&*tags), *tags);
        }
    }
}
