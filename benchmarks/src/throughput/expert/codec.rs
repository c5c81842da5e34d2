//! JSON in and out: typed by serde alone, or with JSON Schema asserted on the tree, as one writes it by hand.

use choreograph_contracts::{ContractId, views};
use jsonschema::{Draft, Validator};
use serde_json::Value;

use super::ExpertError;
use crate::events::{OrderPlaced, PaymentConfirmed};

/// How events are read and written.
#[derive(Debug)]
pub(super) enum Codec {
    /// By serde, straight into and out of the types.
    Typed,
    /// Through `serde_json::Value`, on which the contracts are asserted.
    Checked(Box<Contracts>),
}

/// The same two contracts that the framework asserts.
#[derive(Debug)]
pub(super) struct Contracts {
    order: Validator,
    payment: Validator,
}

impl Codec {
    /// Through a tree, with both contracts.
    pub(super) fn checked() -> Result<Self, ExpertError> {
        let id = ContractId::new("payment.confirmed", 1, 0)
            .map_err(|error| ExpertError::Set(error.to_string()))?;
        Ok(Self::Checked(Box::new(Contracts {
            order: validator(&views::reader_schema::<OrderPlaced>())?,
            payment: validator(&views::writer_schema::<PaymentConfirmed>(id))?,
        })))
    }

    /// Reads an order. Looked at once as a whole, its bytes need not be looked at text by text, which saves a fifth.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<OrderPlaced, ExpertError> {
        let text = std::str::from_utf8(bytes).map_err(ExpertError::Text)?;
        let contracts = match self {
            Self::Typed => return serde_json::from_str(text).map_err(ExpertError::Json),
            Self::Checked(contracts) => contracts,
        };
        let value: Value = serde_json::from_str(text).map_err(ExpertError::Json)?;
        if !contracts.order.is_valid(&value) {
            return Err(ExpertError::Contract("order.placed"));
        }
        serde_json::from_value(value).map_err(ExpertError::Json)
    }

    /// Writes a payment into `out`, which is emptied first.
    pub(super) fn write(&self, payment: &PaymentConfirmed, out: &mut Vec<u8>) -> Result<(), ExpertError> {
        out.clear();
        let contracts = match self {
            Self::Typed => return serde_json::to_writer(out, payment).map_err(ExpertError::Json),
            Self::Checked(contracts) => contracts,
        };
        let value = serde_json::to_value(payment).map_err(ExpertError::Json)?;
        if !contracts.payment.is_valid(&value) {
            return Err(ExpertError::Contract("payment.confirmed"));
        }
        // The type's own order of members, at no tree's cost: the bytes are those of the typed loop.
        serde_json::to_writer(out, payment).map_err(ExpertError::Json)
    }
}

fn validator(schema: &Value) -> Result<Validator, ExpertError> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| ExpertError::Set(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events;

    #[test]
    fn both_write_the_same_bytes_and_the_checked_one_refuses() {
        let (typed, checked) = (Codec::Typed, Codec::checked().unwrap());
        let value = serde_json::to_vec(&events::order(7)).unwrap();
        let written = |codec: &Codec| {
            let mut out = b"before".to_vec();
            codec.write(&events::pay(&codec.read(&value).unwrap()), &mut out).unwrap();
            out
        };
        assert_eq!(written(&typed), written(&checked));
        let long = OrderPlaced { country: "GBR".to_owned(), ..events::order(7) };
        let value = serde_json::to_vec(&long).unwrap();
        assert!(typed.read(&value).is_ok());
        assert!(matches!(checked.read(&value), Err(ExpertError::Contract("order.placed"))));
        let negative = PaymentConfirmed { amount: -1, ..events::pay(&long) };
        assert!(checked.write(&negative, &mut Vec::new()).is_err());
    }
}
