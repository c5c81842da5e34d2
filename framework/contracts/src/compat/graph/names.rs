//! Member names, each once.

use std::collections::HashMap;

/// A member name.
pub(in crate::compat) type NameId = u32;

/// Every member name that either document says.
#[derive(Debug, Default)]
pub(in crate::compat) struct Names {
    texts: Vec<Box<str>>,
    ids: HashMap<Box<str>, NameId>,
}

impl Names {
    pub(in crate::compat) fn add(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.texts.len() as NameId;
        self.texts.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }

    pub(in crate::compat) fn id(&self, name: &str) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    pub(in crate::compat) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(in crate::compat) fn text(&self, id: NameId) -> &str {
        &self.texts[id as usize]
    }
}
