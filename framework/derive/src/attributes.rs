//! `#[event(..)]`, read and checked.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, DeriveInput, Error, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Path, Result, Token, token,
};

use crate::deprecated::Deprecated;
use crate::names;
use crate::upcast::{self, Link};

const OWNED_EXAMPLE: &str =
    "#[event(type = \"order.placed\", version = \"1.0\", topic = \"orders\", key = \"order_id\")]";
const VIEW_EXAMPLE: &str = "#[event(view, type = \"order.placed\", major = 1, topic = \"orders\")]";
const OWNED_ONLY: [&str; 8] =
    ["version", "key", "subject", "starts", "terminal", "outbound", "also", "deprecated"];

/// What an event's attribute says.
pub(crate) struct Attributes {
    /// The type without its major.
    pub(crate) name: LitStr,
    /// The major of its contract.
    pub(crate) major: u32,
    /// The topic, without a namespace.
    pub(crate) topic: LitStr,
    /// Whether it comes from outside the choreography.
    pub(crate) external: bool,
    /// The steps from older majors, in order and without a gap.
    pub(crate) upcasts: Vec<(u32, Expr)>,
    /// Whose event it is.
    pub(crate) owner: Owner,
}

/// Whose event it is.
pub(crate) enum Owner {
    /// Somebody else's: nothing more to say.
    Other,
    /// This service's.
    Own(Box<Own>),
}

/// What only the owner of an event says.
pub(crate) struct Own {
    pub(crate) minor: u32,
    pub(crate) key: LitStr,
    pub(crate) subject: Option<LitStr>,
    pub(crate) starts: Option<LitStr>,
    pub(crate) terminal: bool,
    pub(crate) outbound: bool,
    /// The same fact in an older major.
    pub(crate) also: Option<Path>,
    pub(crate) deprecated: Option<Deprecated>,
}

/// One `name`, `name = value` or `name(..)` of the attribute.
struct Item {
    name: Ident,
    value: Option<Expr>,
    links: Option<Vec<Link>>,
    deprecated: Option<Deprecated>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `type` is a keyword: take any identifier.
        let name = input.call(syn::ext::IdentExt::parse_any)?;
        if input.peek(token::Paren) && name == "upcast" {
            let inner;
            syn::parenthesized!(inner in input);
            let links = Punctuated::<_, Token![,]>::parse_terminated_with(&inner, link)?;
            let links = Some(links.into_iter().collect());
            return Ok(Self { name, value: None, links, deprecated: None });
        }
        if input.peek(token::Paren) && name == "deprecated" {
            let inner;
            syn::parenthesized!(inner in input);
            let mut deprecated = Deprecated::default();
            for (name, value) in Punctuated::<_, Token![,]>::parse_terminated_with(&inner, pair)? {
                deprecated.take(&name, value)?;
            }
            return Ok(Self { name, value: None, links: None, deprecated: Some(deprecated) });
        }
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { name, value, links: None, deprecated: None })
    }
}

/// `1 = from_v1`.
fn link(input: ParseStream<'_>) -> Result<Link> {
    let from: LitInt = input
        .parse()
        .map_err(|error| Error::new(error.span(), "write `upcast(1 = from_v1)`: major = function"))?;
    input.parse::<Token![=]>()?;
    Ok(Link::new(from, input.parse()?))
}

/// `from = "2026-01-31"`.
fn pair(input: ParseStream<'_>) -> Result<(Ident, LitStr)> {
    let name = input.parse()?;
    input.parse::<Token![=]>()?;
    Ok((name, input.parse()?))
}

/// Every item by name, each at most once.
#[derive(Default)]
struct Items {
    view: Option<Span>,
    name: Option<LitStr>,
    version: Option<LitStr>,
    major: Option<(u32, Span)>,
    topic: Option<LitStr>,
    key: Option<LitStr>,
    subject: Option<LitStr>,
    starts: Option<LitStr>,
    terminal: bool,
    external: bool,
    outbound: bool,
    upcast: Option<(Vec<Link>, Span)>,
    also: Option<Path>,
    deprecated: Option<Deprecated>,
    /// Where each name that only an owner may write stands.
    owned_only: Vec<Ident>,
    seen: Vec<String>,
}

impl Attributes {
    /// Reads the attribute of a type.
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        let attributes: Vec<&Attribute> = input.attrs.iter().filter(|a| a.path().is_ident("event")).collect();
        let attribute = match attributes.as_slice() {
            [one] => *one,
            [] => {
                return Err(Error::new(
                    input.ident.span(),
                    format!(
                        "`{}` does not say which event it is: write `{OWNED_EXAMPLE}`, or for somebody else's event \
                         `{VIEW_EXAMPLE}`",
                        input.ident
                    ),
                ));
            }
            [_, second, ..] => return Err(Error::new_spanned(second, "write `#[event(..)]` once")),
        };
        let parsed = attribute.parse_args_with(Punctuated::<Item, Token![,]>::parse_terminated)?;
        let mut items = Items::default();
        for item in parsed {
            items.take(item)?;
        }
        items.finish(input.ident.span())
    }
}

impl Items {
    fn take(&mut self, mut item: Item) -> Result<()> {
        let (links, deprecated) = (item.links.take(), item.deprecated.take());
        let item = &item;
        let name = item.name.to_string();
        if self.seen.contains(&name) {
            return Err(Error::new(item.name.span(), format!("`{name}` is written twice")));
        }
        if OWNED_ONLY.contains(&name.as_str()) {
            self.owned_only.push(item.name.clone());
        }
        match name.as_str() {
            "view" => self.view = flag(item)?.then_some(item.name.span()),
            "terminal" => self.terminal = flag(item)?,
            "external" => self.external = flag(item)?,
            "outbound" => self.outbound = flag(item)?,
            "type" => self.name = Some(text(item, "order.placed")?),
            "version" => self.version = Some(text(item, "1.0")?),
            "topic" => self.topic = Some(text(item, "orders")?),
            "key" => self.key = Some(text(item, "order_id")?),
            "subject" => self.subject = Some(text(item, "invoice")?),
            "starts" => self.starts = Some(text(item, "order")?),
            "major" => self.major = Some(major(item)?),
            "also" => self.also = Some(path(item)?),
            "deprecated" => {
                if deprecated.is_none() {
                    flag(item)?;
                }
                self.deprecated = Some(deprecated.unwrap_or_default());
            }
            "upcast" => self.upcast = Some((links.unwrap_or_default(), item.name.span())),
            _ => {
                return Err(Error::new(
                    item.name.span(),
                    format!(
                        "an event has no `{name}`: write `type`, `version`, `topic`, `key` and, where they apply, \
                         `subject`, `starts`, `terminal`, `external`, `outbound`, `upcast`, `also`, `deprecated`; on a view `view`, `type`, `major`, `topic` \
                         and, where they apply, `external`, `upcast`"
                    ),
                ));
            }
        }
        self.seen.push(name);
        Ok(())
    }

    fn finish(self, at: Span) -> Result<Attributes> {
        let is_view = self.view.is_some();
        let example = if is_view { VIEW_EXAMPLE } else { OWNED_EXAMPLE };
        let missing = |what: &str| Error::new(at, format!("the event has no `{what}`: write `{example}`"));
        let name = self.name.clone().ok_or_else(|| missing("type"))?;
        names::event_type(&name)?;
        let topic = self.topic.clone().ok_or_else(|| missing("topic"))?;
        names::topic(&topic)?;
        if is_view {
            self.refuse_owned_only()?;
            let (major, _) = self.major.ok_or_else(|| missing("major"))?;
            let upcasts = chain(self.upcast, major)?;
            return Ok(Attributes {
                name,
                major,
                topic,
                external: self.external,
                upcasts,
                owner: Owner::Other,
            });
        }
        if let Some((major, span)) = self.major {
            return Err(Error::new(
                span,
                format!(
                    "an event of your own says `version = \"{major}.0\"`; `major` is for views of somebody else's \
                     event, which begin with `view`"
                ),
            ));
        }
        let version = self.version.ok_or_else(|| missing("version"))?;
        let (major, minor) = names::version(&version)?;
        let key = self.key.ok_or_else(|| missing("key"))?;
        if let Some(workflow) = &self.starts {
            names::workflow(workflow)?;
        }
        let (subject, starts, terminal, outbound) = (self.subject, self.starts, self.terminal, self.outbound);
        let (also, deprecated) = (self.also, self.deprecated);
        let own = Own { minor, key, subject, starts, terminal, outbound, also, deprecated };
        let upcasts = chain(self.upcast, major)?;
        let owner = Owner::Own(Box::new(own));
        Ok(Attributes { name, major, topic, external: self.external, upcasts, owner })
    }

    fn refuse_owned_only(&self) -> Result<()> {
        let Some(name) = self.owned_only.first() else { return Ok(()) };
        let instead = if name == "version" { "; a view says `major = 1`" } else { "" };
        Err(Error::new(
            name.span(),
            format!("a view has no `{name}`: only the service that emits the event says it{instead}"),
        ))
    }
}

fn chain(upcast: Option<(Vec<Link>, Span)>, major: u32) -> Result<Vec<(u32, Expr)>> {
    upcast.map_or(Ok(Vec::new()), |(links, at)| upcast::chain(links, major, at))
}

fn flag(item: &Item) -> Result<bool> {
    match &item.value {
        None => Ok(true),
        Some(value) => {
            Err(Error::new_spanned(value, format!("`{}` stands alone, without a value", item.name)))
        }
    }
}

fn path(item: &Item) -> Result<Path> {
    match &item.value {
        Some(Expr::Path(path)) if path.qself.is_none() => Ok(path.path.clone()),
        _ => {
            let span = item.value.as_ref().map_or_else(|| item.name.span(), syn::spanned::Spanned::span);
            Err(Error::new(
                span,
                "write `also = PaymentConfirmedV1`: the event of your own that is the older major",
            ))
        }
    }
}

fn text(item: &Item, example: &str) -> Result<LitStr> {
    if let Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = &item.value {
        return Ok(text.clone());
    }
    let span = item.value.as_ref().map_or_else(|| item.name.span(), syn::spanned::Spanned::span);
    Err(Error::new(span, format!("write `{} = \"{example}\"`", item.name)))
}

fn major(item: &Item) -> Result<(u32, Span)> {
    let number = match &item.value {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => number.base10_parse().ok(),
        _ => None,
    };
    match number {
        Some(major) if major >= 1 => Ok((major, item.name.span())),
        _ => {
            let span = item.value.as_ref().map_or_else(|| item.name.span(), syn::spanned::Spanned::span);
            Err(Error::new(span, "write `major = 1`, a number from 1"))
        }
    }
}
