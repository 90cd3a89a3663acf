//! Objects as chains of versions. A change adds a version and leaves the old one as it was, so a stored
//! answer is the number of a version and is rendered again exactly as it was.

use std::num::NonZeroU32;

use super::Paged;

/// One state of one object. Counted from one, so that perhaps-a-version is no larger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Version(NonZeroU32);

impl Version {
    /// The version in this row of all.
    pub(crate) fn in_row(row: u32) -> Version {
        let number = NonZeroU32::MIN.checked_add(row);
        Version(number.expect("a bank holds fewer than four billion rows"))
    }

    pub(crate) fn row(self) -> u32 {
        self.0.get() - 1
    }
}

/// All versions of all objects of one kind, and which one is current.
pub(crate) struct Versions<T> {
    all: Paged<T>,
    heads: Paged<u32>,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Versions { all: Paged::default(), heads: Paged::default() }
    }
}

impl<T> Versions<T> {
    /// How many objects there are; also the next object's number.
    pub(crate) fn count(&self) -> u32 {
        self.heads.len()
    }

    /// Makes this the current state of object `number`, which may be the next new one.
    pub(crate) fn put(&mut self, number: u32, state: T) -> Version {
        let version = self.all.push(state);
        if number == self.heads.len() {
            self.heads.push(version);
        } else {
            let head = self.heads.get_mut(number);
            *head.expect("only existing objects are changed") = version;
        }
        Version::in_row(version)
    }

    /// The current version's number.
    pub(crate) fn head(&self, number: u32) -> Version {
        let head = self.heads.get(number);
        Version::in_row(*head.expect("object numbers come from this list"))
    }

    /// The current state.
    pub(crate) fn current(&self, number: u32) -> &T {
        self.at(self.head(number))
    }

    /// The current state, if there is such an object.
    pub(crate) fn find(&self, number: u32) -> Option<&T> {
        self.heads.get(number).map(|version| self.at(Version::in_row(*version)))
    }

    /// The state as it was.
    pub(crate) fn at(&self, version: Version) -> &T {
        let state = self.all.get(version.row());
        state.expect("versions are never released")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_stays_as_it_was() {
        let mut versions = Versions::default();
        let first = versions.put(0, "created");
        versions.put(1, "another");
        let second = versions.put(0, "captured");
        assert_eq!(versions.count(), 2);
        assert_eq!(*versions.at(first), "created");
        assert_eq!(*versions.current(0), "captured");
        assert_eq!(versions.head(0), second);
        assert_eq!(versions.find(2), None);
    }
}
