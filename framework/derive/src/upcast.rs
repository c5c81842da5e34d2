//! `upcast(1 = from_v1, 2 = from_v2)`: the steps that lead from older majors to the event's own.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, LitInt, Result};

/// One step: from a major to the next.
pub(crate) struct Link {
    from: LitInt,
    with: Expr,
}

impl Link {
    pub(crate) fn new(from: LitInt, with: Expr) -> Self {
        Self { from, with }
    }
}

/// The steps in order, once it is known that they lead without a gap to `major`.
pub(crate) fn chain(mut links: Vec<Link>, major: u32, at: Span) -> Result<Vec<(u32, Expr)>> {
    let mut chain = Vec::with_capacity(links.len());
    links.sort_by_cached_key(|link| link.from.base10_parse::<u32>().unwrap_or(0));
    for Link { from, with } in links {
        let number: u32 = from.base10_parse()?;
        if number == 0 || number >= major {
            let legal = match major {
                1 => "there is none before major 1".to_owned(),
                2 => "write `upcast(1 = ..)`".to_owned(),
                _ => format!("write majors from 1 to {}", major - 1),
            };
            return Err(Error::new(
                from.span(),
                format!("an upcaster leads one major up, and this event is in major {major}: {legal}"),
            ));
        }
        if let Some((before, _)) = chain.last() {
            if *before == number {
                return Err(Error::new(from.span(), format!("the upcaster from {number} is written twice")));
            }
            if before + 1 < number {
                return Err(gap(from.span(), before + 1));
            }
        }
        chain.push((number, with));
    }
    match chain.last() {
        None => Err(Error::new(
            at,
            "write `upcast(1 = from_v1)`: a function for each step from a major to the next",
        )),
        Some((last, with)) if last + 1 < major => Err(gap(with.span(), last + 1)),
        Some(_) => Ok(chain),
    }
}

fn gap(at: Span, from: u32) -> Error {
    Error::new(at, format!("no upcaster leads from {from} to {}: write `{from} = ..` too", from + 1))
}

/// The constant of the event.
pub(crate) fn constant(chain: &[(u32, Expr)]) -> Option<TokenStream> {
    if chain.is_empty() {
        return None;
    }
    let links = chain.iter().map(|(from, with)| quote! { ::choreograph::Upcast::new(#from, #with) });
    Some(quote! { const UPCASTS: &'static [::choreograph::Upcast] = &[#(#links),*]; })
}
