//! `#[derive(Consumes)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, Result};

use crate::variants;

const EXAMPLE: &str = "enum OrderEvent { Placed(OrderPlaced), Paid(PaymentConfirmed) }";

/// The impl that makes an enum the event types of one step.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let variants = variants::of(input, EXAMPLE)?;
    let mut routes = Vec::with_capacity(variants.len());
    let mut decode = Vec::with_capacity(variants.len());
    for (route, variant) in variants.iter().enumerate() {
        let name = variant.ident;
        let Some(held) = variant.held else {
            return Err(Error::new(name.span(), format!("a variant holds exactly one event: `{EXAMPLE}`")));
        };
        let span = syn::spanned::Spanned::span(held);
        routes.push(quote_spanned! { span => routes.event::<#held>(); });
        decode.push(quote! {
            #route => ::choreograph::__private::serde::Deserialize::deserialize(deserializer).map(Self::#name),
        });
    }
    Ok(quote! {
        #[automatically_derived]
        impl ::choreograph::Consumes for #ident {
            fn routes(routes: &mut ::choreograph::Routes) {
                #(#routes)*
            }
            fn decode<'de, D: ::choreograph::__private::serde::Deserializer<'de>>(
                route: usize,
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                match route {
                    #(#decode)*
                    _ => ::core::result::Result::Err(::choreograph::__private::no_such_route()),
                }
            }
        }
    })
}
