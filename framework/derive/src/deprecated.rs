//! `deprecated(from = "2026-01-31", sunset = "2026-12-31", migration = "https://…")`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Ident, LitStr, Result};

/// The longest address of a migration guide, in bytes: it is a header of each event.
const MAX_MIGRATION: usize = 512;

/// What is said of a deprecated event.
#[derive(Default)]
pub(crate) struct Deprecated {
    from: Option<LitStr>,
    sunset: Option<LitStr>,
    migration: Option<LitStr>,
}

impl Deprecated {
    /// Takes `name = value`.
    pub(crate) fn take(&mut self, name: &Ident, value: LitStr) -> Result<()> {
        let place = match name.to_string().as_str() {
            "from" => &mut self.from,
            "sunset" => &mut self.sunset,
            "migration" => &mut self.migration,
            _ => {
                let text = format!("`deprecated` has no `{name}`: write `from`, `sunset`, `migration`");
                return Err(Error::new(name.span(), text));
            }
        };
        if place.is_some() {
            return Err(Error::new(name.span(), format!("`{name}` is written twice")));
        }
        match name {
            name if name == "migration" => migration(&value)?,
            _ => date(&value)?,
        }
        *place = Some(value);
        if let (Some(from), Some(sunset)) = (&self.from, &self.sunset)
            && sunset.value() < from.value()
        {
            return Err(Error::new(sunset.span(), "the sunset is not before the day of deprecation"));
        }
        Ok(())
    }

    /// The constant of the event.
    pub(crate) fn constant(&self) -> TokenStream {
        let option = |text: &Option<LitStr>| {
            text.as_ref().map_or_else(
                || quote! { ::core::option::Option::None },
                |text| quote! { ::core::option::Option::Some(#text) },
            )
        };
        let (from, sunset, migration) = (option(&self.from), option(&self.sunset), option(&self.migration));
        quote! {
            const DEPRECATED: ::core::option::Option<::choreograph::Deprecation> =
                ::core::option::Option::Some(::choreograph::Deprecation {
                    from: #from,
                    sunset: #sunset,
                    migration: #migration,
                });
        }
    }
}

/// A day, as `2026-01-31`.
fn date(literal: &LitStr) -> Result<()> {
    let text = literal.value();
    let parts: Vec<&str> = text.split('-').collect();
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().ok()).flatten()
    };
    if let [year, month, day] = parts.as_slice()
        && let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
        && (1..=days(year, month)).contains(&day)
    {
        return Ok(());
    }
    Err(Error::new(literal.span(), format!("`{text}` is no day: write it as \"2026-01-31\"")))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// An address, in visible ASCII.
fn migration(literal: &LitStr) -> Result<()> {
    let text = literal.value();
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.contains(':') && is_visible && text.len() <= MAX_MIGRATION {
        return Ok(());
    }
    let text = format!(
        "write an address of at most {MAX_MIGRATION} bytes, such as \"https://wiki.example.org/orders-2\""
    );
    Err(Error::new(literal.span(), text))
}
