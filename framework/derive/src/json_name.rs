//! What serde calls a field in JSON: the manifest and the contract speak of names on the wire.

use syn::{Attribute, Field, Ident, LitStr};

use crate::serde_attribute::skip;

/// The name of a struct's field as it is serialised, after `#[serde(rename)]` and `#[serde(rename_all)]`.
pub(crate) fn of(field: &Field, container: &[Attribute]) -> String {
    let rust = field.ident.as_ref().map(|ident| ident.to_string().trim_start_matches("r#").to_owned());
    let rust = rust.unwrap_or_default();
    if let Some(renamed) = serde_value(&field.attrs, "rename") {
        return renamed;
    }
    match serde_value(container, "rename_all") {
        Some(rule) => renamed_all(&rust, &rule),
        None => rust,
    }
}

/// The value of `#[serde(name = "…")]` or `#[serde(name(serialize = "…"))]`. What serde itself refuses is left to it.
fn serde_value(attributes: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident(name) && meta.input.peek(syn::token::Paren) {
                meta.parse_nested_meta(|inner| {
                    let value: LitStr = inner.value()?.parse()?;
                    if inner.path.is_ident("serialize") {
                        found = Some(value.value());
                    }
                    Ok(())
                })
            } else if meta.path.is_ident(name) {
                found = Some(meta.value()?.parse::<LitStr>()?.value());
                Ok(())
            } else {
                skip(&meta)
            }
        });
        if parsed.is_err() {
            return None;
        }
    }
    found
}

/// A `snake_case` name under one of serde's rules.
fn renamed_all(rust: &str, rule: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    let pascal = || rust.split('_').map(capitalised).collect::<String>();
    match rule {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => rust.to_uppercase(),
        "PascalCase" => pascal(),
        "camelCase" => {
            let pascal = pascal();
            let mut letters = pascal.chars();
            letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
        }
        "kebab-case" => rust.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => rust.to_uppercase().replace('_', "-"),
        _ => rust.to_owned(),
    }
}

/// The field of a struct that an attribute names.
pub(crate) fn find<'a>(fields: &'a syn::FieldsNamed, name: &LitStr) -> Option<(&'a Ident, &'a Field)> {
    let wanted = name.value();
    fields.named.iter().find_map(|field| {
        let ident = field.ident.as_ref()?;
        (ident.to_string().trim_start_matches("r#") == wanted).then_some((ident, field))
    })
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;

    /// The names on the wire of a struct's fields.
    fn names(input: &DeriveInput) -> Vec<String> {
        let syn::Data::Struct(data) = &input.data else { panic!("a struct") };
        data.fields.iter().map(|field| of(field, &input.attrs)).collect()
    }

    #[test]
    fn a_field_is_called_what_serde_calls_it() {
        let input = parse_quote! {
            #[serde(default, rename_all = "camelCase", bound(serialize = "T: Copy"))]
            struct Order {
                order_id: u8,
                r#type: u8,
                #[serde(default = "zero", rename = "sum")]
                total: u8,
                #[serde(rename(serialize = "out", deserialize = "in"))]
                note: u8,
            }
        };
        assert_eq!(names(&input), ["orderId", "type", "sum", "out"]);
    }

    #[test]
    fn every_rule_of_serde_is_known() {
        let rules = [
            ("lowercase", "order_id"),
            ("snake_case", "order_id"),
            ("UPPERCASE", "ORDER_ID"),
            ("SCREAMING_SNAKE_CASE", "ORDER_ID"),
            ("PascalCase", "OrderId"),
            ("camelCase", "orderId"),
            ("kebab-case", "order-id"),
            ("SCREAMING-KEBAB-CASE", "ORDER-ID"),
        ];
        for (rule, expected) in rules {
            let input = parse_quote! { #[serde(rename_all = #rule)] struct Order { order_id: u8 } };
            assert_eq!(names(&input), [expected], "{rule}");
        }
    }
}
