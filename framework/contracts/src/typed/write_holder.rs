//! Objects and arrays on their way out.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::frame::{ArrayFrame, ObjectFrame};
use super::state::State;
use super::write::CheckedValue;
use super::write_name::NameOf;

/// An object or array that is being written. Without a frame it is suspect already, and so is the event.
pub(super) struct Held<'s, I, F> {
    pub(super) inner: I,
    pub(super) state: &'s State<'s>,
    pub(super) frame: Option<F>,
}

/// The same inside the object of one member that a variant is.
pub(super) struct HeldVariant<'s, I, F> {
    pub(super) outer: Option<ObjectFrame<'s>>,
    pub(super) held: Held<'s, I, F>,
}

impl<'s, I> Held<'s, I, ArrayFrame<'s>> {
    #[inline]
    fn element<'v, T: ?Sized>(&self, value: &'v T) -> CheckedValue<'s, 'v, T> {
        let node = self.frame.as_ref().map_or_else(|| self.state.any(), ArrayFrame::element);
        CheckedValue { value, state: self.state, node }
    }

    #[inline]
    fn after(&mut self) {
        if let Some(frame) = &mut self.frame {
            frame.after();
        }
    }

    fn close(self) -> I {
        if let Some(frame) = self.frame {
            let _kept = frame.close();
        }
        self.inner
    }
}

impl<'s, I> Held<'s, I, ObjectFrame<'s>> {
    /// Takes a name, and makes `value` be checked where it says.
    #[inline]
    fn member<'v, T: ?Sized>(&mut self, name: &str, value: &'v T) -> CheckedValue<'s, 'v, T> {
        if let Some(frame) = &mut self.frame {
            let _kept = frame.name(name);
        }
        self.named(value)
    }

    /// The value of the member that was named last.
    #[inline]
    fn named<'v, T: ?Sized>(&self, value: &'v T) -> CheckedValue<'s, 'v, T> {
        let node = self.frame.as_ref().map_or_else(|| self.state.any(), ObjectFrame::value);
        CheckedValue { value, state: self.state, node }
    }

    #[inline]
    fn after(&mut self) {
        if let Some(frame) = &mut self.frame {
            let _kept = frame.after();
        }
    }

    fn close(self) -> I {
        if let Some(frame) = self.frame {
            let _kept = frame.close();
        }
        self.inner
    }
}

macro_rules! arrays {
    ($($trait:ident $method:ident)*) => {$(
        impl<'s, I: $trait> $trait for Held<'s, I, ArrayFrame<'s>> {
            type Ok = I::Ok;
            type Error = I::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), I::Error> {
                let value = self.element(value);
                self.inner.$method(&value)?;
                self.after();
                Ok(())
            }

            #[inline]
            fn end(self) -> Result<I::Ok, I::Error> {
                self.close().end()
            }
        }
    )*};
}

arrays! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
}

impl<'s, I: SerializeStruct> SerializeStruct for Held<'s, I, ObjectFrame<'s>> {
    type Ok = I::Ok;
    type Error = I::Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), I::Error> {
        if self.frame.is_none() {
            return self.inner.serialize_field(name, value);
        }
        let value = self.member(name, value);
        self.inner.serialize_field(name, &value)?;
        self.after();
        Ok(())
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), I::Error> {
        self.inner.skip_field(name)
    }

    #[inline]
    fn end(self) -> Result<I::Ok, I::Error> {
        self.close().end()
    }
}

impl<'s, I: SerializeMap> SerializeMap for Held<'s, I, ObjectFrame<'s>> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), I::Error> {
        match &mut self.frame {
            Some(frame) => self.inner.serialize_key(&NameOf::new(key, self.state, frame)),
            None => self.inner.serialize_key(key),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), I::Error> {
        let value = self.named(value);
        self.inner.serialize_value(&value)?;
        self.after();
        Ok(())
    }

    fn end(self) -> Result<I::Ok, I::Error> {
        self.close().end()
    }
}

impl<'s, I: SerializeTupleVariant> SerializeTupleVariant for HeldVariant<'s, I, ArrayFrame<'s>> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), I::Error> {
        let value = self.held.element(value);
        self.held.inner.serialize_field(&value)?;
        self.held.after();
        Ok(())
    }

    fn end(self) -> Result<I::Ok, I::Error> {
        let inner = self.held.close();
        close_outer(self.outer);
        inner.end()
    }
}

impl<'s, I: SerializeStructVariant> SerializeStructVariant for HeldVariant<'s, I, ObjectFrame<'s>> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), I::Error> {
        let value = self.held.member(name, value);
        self.held.inner.serialize_field(name, &value)?;
        self.held.after();
        Ok(())
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), I::Error> {
        self.held.inner.skip_field(name)
    }

    fn end(self) -> Result<I::Ok, I::Error> {
        let inner = self.held.close();
        close_outer(self.outer);
        inner.end()
    }
}

fn close_outer(outer: Option<ObjectFrame<'_>>) {
    if let Some(mut frame) = outer {
        let _kept = frame.after() && frame.close();
    }
}
