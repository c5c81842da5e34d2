//! `#[derive(Event)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Error, Fields, FieldsNamed, LitStr, Result};

use crate::attributes::{Attributes, Own, Owner};
use crate::deprecated::Deprecated;
use crate::json_name;
use crate::serde_attribute;
use crate::upcast;

/// The impls that make a type an event.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = Attributes::read(input)?;
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "an event is one concrete type with one contract: it takes no parameters and borrows nothing",
        ));
    }
    let common = common(input, &attributes);
    let emits = match &attributes.owner {
        Owner::Other => view(input),
        Owner::Own(own) => owned(input, own)?,
    };
    Ok(quote! { #common #emits })
}

/// What owned events and views have in common: identity, and that a step can consume them.
fn common(input: &DeriveInput, attributes: &Attributes) -> TokenStream {
    let (ident, Attributes { name, major, topic, external, .. }) = (&input.ident, attributes);
    let starts = match &attributes.owner {
        Owner::Own(own) => own.starts.as_ref(),
        Owner::Other => None,
    }
    .map(|workflow| quote! { const STARTS: ::core::option::Option<&'static str> = ::core::option::Option::Some(#workflow); });
    let known_minor = match &attributes.owner {
        Owner::Own(own) => Some(own.minor),
        Owner::Other => None,
    }
    .map(|minor| quote! { const KNOWN_MINOR: ::core::option::Option<u32> = ::core::option::Option::Some(#minor); });
    let upcasts = upcast::constant(&attributes.upcasts);
    // Spanned at the type, so that a missing `Deserialize` or `JsonSchema` is said of the type.
    quote_spanned! { ident.span() =>
        #[automatically_derived]
        impl ::choreograph::Event for #ident {
            const NAME: &'static str = #name;
            const MAJOR: u32 = #major;
            const TOPIC: &'static str = #topic;
            const EXTERNAL: bool = #external;
            #starts
            #known_minor
            #upcasts
        }
        #[automatically_derived]
        impl ::choreograph::Consumes for #ident {
            fn routes(routes: &mut ::choreograph::Routes) {
                routes.event::<Self>();
            }
            fn decode<'de, D: ::choreograph::__private::serde::Deserializer<'de>>(
                _: usize,
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                ::choreograph::__private::serde::Deserialize::deserialize(deserializer)
            }
        }
    }
}

/// An owned event: version, key, and that a step can emit it.
fn owned(input: &DeriveInput, own: &Own) -> Result<TokenStream> {
    let ident = &input.ident;
    let fields = named_fields(input)?;
    refuse_tag(input)?;
    let (key, key_name) = field(input, fields, &own.key, "key")?;
    let subject = own.subject.as_ref().map(|name| field(input, fields, name, "subject")).transpose()?;
    let Own { minor, terminal, outbound, .. } = own;
    let starting = own.starts.as_ref().map(|_| {
        quote! {
            #[automatically_derived]
            impl ::choreograph::StartingEvent for #ident {}
        }
    });
    let write_subject = subject.map(|(subject, name)| {
        quote! {
            const SUBJECT_FIELD: ::core::option::Option<&'static str> = ::core::option::Option::Some(#name);
            fn write_subject(
                &self,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<bool, ::choreograph::KeyError> {
                ::choreograph::__private::write_subject(&self.#subject, out)
            }
        }
    });
    let also = own.also.as_ref().map(also);
    let is_older = own.also.as_ref().map(|older| {
        quote_spanned! { syn::spanned::Spanned::span(older) =>
            const _: () = ::choreograph::__private::is_older_major::<#ident, #older>();
        }
    });
    let deprecated = own.deprecated.as_ref().map(Deprecated::constant);
    let emits = emits(input, &TokenStream::new());
    Ok(quote_spanned! { ident.span() =>
        #[automatically_derived]
        impl ::choreograph::OwnedEvent for #ident {
            const MINOR: u32 = #minor;
            const KEY_FIELD: &'static str = #key_name;
            const TERMINAL: bool = #terminal;
            const OUTBOUND: bool = #outbound;
            fn write_key(
                &self,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), ::choreograph::KeyError> {
                ::choreograph::__private::write_key(&self.#key, out)
            }
            #write_subject
            #deprecated
            #also
        }
        #is_older
        #starting
        #emits
    })
}

/// The same fact in an older major, spanned at its type, so that a missing `From` is said of it.
fn also(older: &syn::Path) -> TokenStream {
    quote_spanned! { syn::spanned::Spanned::span(older) =>
        fn declare_also(
            declared: &mut ::choreograph::Declared,
        ) -> ::core::option::Option<::choreograph::Shape> {
            ::core::option::Option::Some(declared.event::<#older>())
        }
        fn write_also(
            &self,
            twins: &mut ::choreograph::Twins<'_>,
        ) -> ::core::result::Result<(), ::choreograph::EmitError> {
            twins.push(&<#older as ::core::convert::From<&Self>>::from(self))
        }
    }
}

/// A view emits nothing: the bound can never hold, and its message says why.
fn view(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    emits(input, &quote! { where for<'never> #ident: ::choreograph::OwnedEvent })
}

fn emits(input: &DeriveInput, bound: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    quote_spanned! { ident.span() =>
        #[automatically_derived]
        impl ::choreograph::Emits for #ident #bound {
            fn declare(declared: &mut ::choreograph::Declared) -> ::choreograph::Shape {
                declared.event::<Self>()
            }
            fn emit(
                self,
                outbox: &mut ::choreograph::Outbox,
            ) -> ::core::result::Result<(), ::choreograph::EmitError> {
                outbox.push(&self)
            }
        }
        #[automatically_derived]
        impl ::choreograph::Returns for #ident #bound {
            type Emits = Self;
            fn outcome(self) -> ::core::result::Result<Self, ::choreograph::StepError> {
                ::core::result::Result::Ok(self)
            }
        }
    }
}

fn named_fields(input: &DeriveInput) -> Result<&FieldsNamed> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            Fields::Unnamed(_) | Fields::Unit => Err(not_a_struct(input)),
        },
        Data::Enum(_) | Data::Union(_) => Err(not_a_struct(input)),
    }
}

fn not_a_struct(input: &DeriveInput) -> Error {
    Error::new(
        input.ident.span(),
        "an event of your own is a struct with named fields, one of which is its key; alternatives are a \
         `#[derive(Emits)]` enum of events",
    )
}

fn field<'a>(
    input: &DeriveInput,
    fields: &'a FieldsNamed,
    name: &LitStr,
    role: &str,
) -> Result<(&'a syn::Ident, String)> {
    let Some((ident, field)) = json_name::find(fields, name) else {
        let known: Vec<String> =
            fields.named.iter().filter_map(|field| Some(format!("`{}`", field.ident.as_ref()?))).collect();
        return Err(Error::new(
            name.span(),
            format!(
                "`{}` has no field `{}` to be its {role}: name one of its fields ({})",
                input.ident,
                name.value(),
                known.join(", ")
            ),
        ));
    };
    // A record says its key and its subject in headers too: readers find them in the value, as the same text.
    let elsewhere = ["flatten", "skip", "skip_serializing", "with", "serialize_with", "getter"];
    let sometimes = (role == "key").then_some("skip_serializing_if");
    for attribute in elsewhere.into_iter().chain(sometimes) {
        if let Some(at) = serde_attribute::find(&field.attrs, attribute) {
            return Err(Error::new(
                at,
                format!(
                    "the field `{ident}` is the event's {role}, which stands in the value as it is: take \
                     `#[serde({attribute})]` off it, or name another field"
                ),
            ));
        }
    }
    Ok((ident, json_name::of(field, &input.attrs)))
}

/// Serde writes the tag of a struct, and its schema does not say so: every event would break its own contract.
fn refuse_tag(input: &DeriveInput) -> Result<()> {
    let Some(at) = serde_attribute::find(&input.attrs, "tag") else { return Ok(()) };
    Err(Error::new(
        at,
        "an event of your own has no `#[serde(tag)]`: its type stands in the header `ce_type`, and no contract knows the tag",
    ))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    /// What the derive says of an event with this field, called `id`, as its key and its subject.
    fn refused(input: &DeriveInput) -> String {
        expand(input).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_key_stands_in_the_value_as_it_is() {
        let attributes: [syn::Attribute; 7] = [
            parse_quote!(#[serde(flatten)]),
            parse_quote!(#[serde(default, skip)]),
            parse_quote!(#[serde(skip_serializing)]),
            parse_quote!(#[serde(rename = "no", with = "hex")]),
            parse_quote!(#[serde(serialize_with = "hex")]),
            parse_quote!(#[serde(getter = "id")]),
            parse_quote!(#[serde(skip_serializing_if = "Option::is_none")]),
        ];
        for attribute in attributes {
            let said = refused(&parse_quote! {
                #[event(type = "a.b", version = "1.0", topic = "a", key = "id")]
                struct Order { #attribute id: u64 }
            });
            assert!(said.starts_with("the field `id` is the event's key"), "{said}");
            let as_subject = refused(&parse_quote! {
                #[event(type = "a.b", version = "1.0", topic = "a", key = "order", subject = "id")]
                struct Order { order: u64, #attribute id: Option<u64> }
            });
            let may_be_absent = said.contains("skip_serializing_if");
            assert_eq!(as_subject.is_empty(), may_be_absent, "{as_subject}");
        }
        let plain = parse_quote! {
            #[event(type = "a.b", version = "1.0", topic = "a", key = "id")]
            #[serde(rename_all = "camelCase")]
            struct Order { #[serde(default, rename = "with")] id: u64, #[serde(flatten)] rest: Rest }
        };
        assert_eq!(refused(&plain), "");
    }

    #[test]
    fn a_struct_has_no_tag() {
        let said = refused(&parse_quote! {
            #[event(type = "a.b", version = "1.0", topic = "a", key = "id")]
            #[serde(tag = "kind")]
            struct Order { id: u64 }
        });
        assert!(said.contains("`#[serde(tag)]`"), "{said}");
    }
}
