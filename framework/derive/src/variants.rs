//! Enums whose variants hold one event each: what `Emits` and `Consumes` are derived for.

use syn::{Data, DeriveInput, Error, Fields, Ident, Result, Type};

/// One variant: its name, and the type it holds unless it is a unit variant.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) held: Option<&'a Type>,
}

/// The variants of an enum.
pub(crate) fn of<'a>(input: &'a DeriveInput, example: &str) -> Result<Vec<Variant<'a>>> {
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "the events are concrete types: the enum takes no parameters",
        ));
    }
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            format!("derive this for an enum of events: `{example}`"),
        ));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), format!("the enum has no variants: `{example}`")));
    }
    data.variants
        .iter()
        .map(|variant| {
            let held = match &variant.fields {
                Fields::Unit => None,
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    fields.unnamed.first().map(|field| &field.ty)
                }
                Fields::Unnamed(_) | Fields::Named(_) => {
                    return Err(Error::new_spanned(
                        &variant.fields,
                        format!("a variant holds exactly one event: `{example}`"),
                    ));
                }
            };
            Ok(Variant { ident: &variant.ident, held })
        })
        .collect()
}
