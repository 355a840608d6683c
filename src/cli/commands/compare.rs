//! `signoff compare`

use futures_util::future::{OptionFuture, join, try_join};

use crate::cli::args::Format;
use crate::cli::commands::show::version_json;
use crate::cli::commands::signature::{Signed, compared};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::{Sink, Style};
use crate::cli::table::{Align, Table};
use crate::cli::{place, text};
use crate::domain::caution::cautions;
use crate::domain::compare::data::data_rows;
use crate::domain::compare::signature::FieldRow;
use crate::domain::compare::{Change, Side, TextRow, compare};
use crate::domain::facts::{ReviewedFacts, Standing};
use crate::domain::failure::Outcome;
use crate::domain::provenance::Provenance;
use crate::domain::reference::VersionRef;
use crate::domain::text::shorten;
use crate::present::{Phrase, Role, number, version::missing};
use crate::services::Services;
use crate::services::evidence::{self, Said, number_of, resolve};

/// Longest param or tag value shown, in characters; `--json` prints all of it.
const VALUE_WIDTH: usize = 60;

/// Runs the command.
///
/// # Errors
/// Failures reading either version.
pub async fn run(
    services: &Services,
    candidate: &VersionRef,
    baseline: Option<&VersionRef>,
    all: bool,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let sides = sides(services, candidate, baseline).await?;
    let (signed, signed_base) = join(
        Signed::read(services, &sides.candidate.version),
        OptionFuture::from(sides.baseline.as_ref().map(|base| Signed::read(services, &base.version))),
    )
    .await;
    let signature = compared(signed_base.as_ref(), &signed);
    let unsigned: Vec<String> =
        [signed_base.as_ref(), Some(&signed)].into_iter().flatten().filter_map(Signed::missing).collect();
    let sets = |standing: &Standing| Provenance::from(standing).datasets();
    let data = data_rows(&sides.baseline.as_ref().map(sets).unwrap_or_default(), &sets(&sides.candidate));
    let side = Side::from(&sides.candidate);
    let base = sides.baseline.as_ref().map(Side::from);
    let directions = services.rules.directions_for(&sides.candidate.version.model);
    let comparison = compare(side, base, &directions);
    let cautions: Vec<String> = cautions(&sides.facts(), &directions).into_iter().map(|caution| caution.text).collect();
    let missing: Vec<String> = [Some(&sides.candidate), sides.baseline.as_ref()]
        .into_iter()
        .flatten()
        .flat_map(|s| missing(s).into_iter().map(|why| format!("{} {}: {why}", s.version.model, s.version.number)))
        .collect();
    if format.json {
        sink.json(&json::Compare {
            schema: "signoff.comparison/1",
            place: place(services).await,
            candidate: version_json(services, side.version, side.said),
            baseline: base.map(|b| version_json(services, b.version, b.said)),
            runs_missing: missing,
            cautions,
            metrics: comparison.metrics.iter().map(json::Metric::from).collect(),
            params: comparison.params,
            tags: comparison.tags,
            signature,
            signatures_missing: unsigned,
            data,
        })?;
        return Ok(Exit::Done);
    }
    for sentence in missing.iter().chain(&cautions).chain(&unsigned) {
        sink.warn(sentence);
    }
    let style = sink.style();
    let name = |side: &Side<'_>| match side.version.model == sides.candidate.version.model {
        true => side.version.number.to_string(),
        false => format!("{} {}", side.version.model, side.version.number),
    };
    let title = format!("{} {}", side.version.model, side.version.number);
    sink.line(&match &base {
        Some(base) => format!("{}  compared with {}", style.paint(Role::Title, &title), name(base)),
        None => format!("{}  (nothing is in {})", style.paint(Role::Title, &title), services.rules.promote_to),
    });
    let (old, new) = (base.as_ref().map(name), name(&side));
    let metrics: Vec<_> = comparison.metrics.iter().filter(|m| all || m.change != Change::Same).cloned().collect();
    sink.text(&text::metrics(&metrics, old.as_deref(), &new, style));
    match comparison.metrics.len() - metrics.len() {
        equals if metrics.is_empty() => sink.text(&texts("METRICS", &[], equals, style)),
        equals => sink.text(&equal(equals)),
    }
    let fields: Vec<TextRow> = signature.iter().map(FieldRow::text).collect();
    for (heading, rows) in [("PARAMS", &comparison.params), ("TAGS", &comparison.tags), ("SIGNATURE", &fields)] {
        let shown: Vec<_> = rows.iter().filter(|r| all || r.change != Change::Same).collect();
        sink.text(&texts(heading, &shown, rows.len() - shown.len(), style));
    }
    // Show every field of a data set that differs: a digest says little without its name.
    let sets: Vec<_> = data.iter().filter(|set| all || set.change != Change::Same).collect();
    let rows: Vec<TextRow> = sets.iter().flat_map(|set| set.texts()).map(|(row, _)| row).collect();
    sink.text(&texts("DATA", &rows.iter().collect::<Vec<_>>(), data.len() - sets.len(), style));
    let differs = |rows: &[TextRow]| rows.iter().any(|r| r.change != Change::Same);
    let texts_differ = [&comparison.params, &comparison.tags, &fields].iter().any(|rows| differs(rows));
    if !all && metrics.is_empty() && !texts_differ && sets.is_empty() {
        sink.line("No differences in metrics, params, tags, signature or data.");
    }
    Ok(Exit::Done)
}

fn equal(count: usize) -> String {
    if count == 0 { String::new() } else { format!("  + {count} equal (--all shows them)\n") }
}

/// A section of text rows, and how many more are equal.
fn texts(heading: &str, rows: &[&TextRow], equals: usize, style: Style) -> String {
    if rows.is_empty() && equals == 0 {
        return String::new();
    }
    let mut table =
        Table::new(&[("", Align::Whole), ("", Align::Left), ("", Align::Left), ("", Align::Left), ("", Align::Left)])
            .indented(2);
    let cell = |text: &Option<String>| shorten(&text.as_deref().unwrap_or_default().replace('\n', "⏎"), VALUE_WIDTH);
    for row in rows {
        let mark = match row.change {
            // A difference needs no symbol: the arrow between old and new shows it.
            Change::Unknown => Phrase::default(),
            change => number::difference(change, None, style.symbols())[0].clone(),
        };
        let arrow = if row.old.is_some() && row.new.is_some() && row.change != Change::Same {
            style.symbols().arrow
        } else {
            ""
        };
        let new = if row.change == Change::Same { String::new() } else { cell(&row.new) };
        table.row([mark, row.name.clone().into(), cell(&row.old).into(), arrow.into(), new.into()]);
    }
    let table = if rows.is_empty() { String::new() } else { table.render(style) };
    text::section(heading, &(table + &equal(equals)), style)
}

struct Sides {
    candidate: Standing,
    baseline: Option<Standing>,
}

impl Sides {
    /// The candidate as if the other were in production.
    fn facts(&self) -> ReviewedFacts {
        let Standing { version, run, logged } = self.candidate.clone();
        ReviewedFacts { version, run, logged, baseline: self.baseline.clone(), holders: Vec::new() }
    }
}

async fn sides(services: &Services, candidate: &VersionRef, baseline: Option<&VersionRef>) -> Outcome<Sides> {
    let registry = services.registry.as_ref();
    let Some(baseline) = baseline else {
        let (model, number) = number_of(registry, candidate).await?;
        let facts = evidence::facts(registry, &services.rules.promote_to, &model, number).await?;
        let candidate = Standing { version: facts.version, run: facts.run, logged: facts.logged };
        return Ok(Sides { candidate, baseline: facts.baseline });
    };
    let (a, b) = try_join(resolve(registry, candidate), resolve(registry, baseline)).await?;
    let said = Said::read(registry, [&a, &b]).await;
    Ok(Sides { candidate: said.standing(a), baseline: Some(said.standing(b)) })
}
