//! `#[derive(Emits)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Ident, Result, Type};

use crate::variants::{self, Variant};

const EXAMPLE: &str = "enum Payment { Confirmed(PaymentConfirmed), Declined(PaymentDeclined) }";

/// The impls that make an enum the alternatives of a step.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let variants = variants::of(input, EXAMPLE)?;
    // Spanned at the type held, so that one which cannot be emitted is named where it stands.
    let declare = variants.iter().map(|variant| {
        variant.held.map_or_else(
            || quote! { ::choreograph::Shape::Nothing },
            |held| {
                quote_spanned! { syn::spanned::Spanned::span(held) =>
                    <#held as ::choreograph::Emits>::declare(declared)
                }
            },
        )
    });
    let emit = variants.iter().map(|variant| {
        let name = variant.ident;
        variant.held.map_or_else(
            || quote! { Self::#name => ::core::result::Result::Ok(()), },
            |held| {
                quote_spanned! { syn::spanned::Spanned::span(held) =>
                    Self::#name(emits) => <#held as ::choreograph::Emits>::emit(emits, outbox),
                }
            },
        )
    });
    let alternatives = alternatives(ident, &variants);
    Ok(quote! {
        #alternatives
        #[automatically_derived]
        impl ::choreograph::Emits for #ident {
            fn declare(declared: &mut ::choreograph::Declared) -> ::choreograph::Shape {
                ::choreograph::Shape::OneOf(::std::vec![#(#declare),*])
            }
            fn emit(
                self,
                outbox: &mut ::choreograph::Outbox,
            ) -> ::core::result::Result<(), ::choreograph::EmitError> {
                match self { #(#emit)* }
            }
        }
        #[automatically_derived]
        impl ::choreograph::Returns for #ident {
            type Emits = Self;
            fn outcome(self) -> ::core::result::Result<Self, ::choreograph::StepError> {
                ::core::result::Result::Ok(self)
            }
        }
    })
}

/// What makes the enum of an event that one of its variants holds. Of a type that several hold it would not be clear which.
fn alternatives(ident: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let times = |held: &Type| variants.iter().filter(|variant| variant.held == Some(held)).count();
    let held = variants.iter().filter_map(|variant| Some((variant.ident, variant.held?)));
    let impls = held.filter(|(_, held)| times(held) == 1).map(|(name, held)| {
        quote! {
            #[automatically_derived]
            impl ::choreograph::Alternative<#ident> for #held {
                fn alternative(self) -> #ident {
                    #ident::#name(self)
                }
            }
        }
    });
    quote! {
        #(#impls)*
        #[automatically_derived]
        impl<Event: ::choreograph::Alternative<#ident>> ::core::convert::From<Event> for #ident {
            fn from(event: Event) -> Self {
                event.alternative()
            }
        }
    }
}
