//! Where `#[serde(..)]` says something.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Attribute, Token};

/// Where serde is told `name`, with a value or without. What serde itself refuses is left to it.
pub(crate) fn find(attributes: &[Attribute], name: &str) -> Option<Span> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident(name) {
                found = Some(meta.path.span());
            }
            skip(&meta)
        });
        if parsed.is_err() {
            return None;
        }
    }
    found
}

/// Steps over the value of an attribute that does not concern us.
pub(crate) fn skip(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip(&inner))?;
    }
    Ok(())
}
