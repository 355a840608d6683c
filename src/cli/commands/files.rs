//! `signoff files`

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::browse::{self, VersionFile};
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::artifact::{ArtifactRoot, human_size, safe_relative_path};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::logged::file_roots;
use crate::domain::reference::VersionRef;
use crate::domain::text::{clean_line, count};
use crate::present::{Phrase, Role};
use crate::runtime::save::fetch;
use crate::services::Services;
use crate::services::evidence::number_of;

/// Folders that are listed; a server that shows more has a loop of links.
const FOLDERS: usize = 500;

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct What {
    /// A file or a folder; none for everything.
    pub path: Option<String>,
    /// The folder to save into.
    pub save: Option<PathBuf>,
}

/// A file of a version's run or of its logged model.
#[derive(Clone, Debug)]
struct Found {
    root: ArtifactRoot,
    path: String,
    size: Option<u64>,
}

impl Found {
    fn owner(&self) -> &'static str {
        match self.root {
            ArtifactRoot::Run(_) => "run",
            ArtifactRoot::LoggedModel(_) => "model",
            ArtifactRoot::Version(..) => "version",
        }
    }
}

/// Lists files, and saves them if asked to.
///
/// # Errors
/// Failures of the servers; [`FailureKind::NotFound`] if there is nothing at the path; [`FailureKind::Local`] if a file
/// cannot be saved, or would replace one.
pub async fn run(
    services: &Services,
    reference: &VersionRef,
    what: What,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let version = services.registry.version(&model, number).await?;
    let wanted = what.path.as_deref().map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
    let (mut files, mut unread) = (Vec::<Found>::new(), Vec::new());
    for root in file_roots(&version) {
        // What the registry keeps of the version is a copy of its logged model.
        let is_copy = matches!(root, ArtifactRoot::Version(..));
        if is_copy && files.iter().any(|file| matches!(file.root, ArtifactRoot::LoggedModel(_))) {
            continue;
        }
        let (below, truncated) = match below(services, &root, wanted).await {
            Ok(found) => found,
            Err(failure) => {
                unread.push(failure);
                continue;
            }
        };
        if truncated {
            sink.warn(&format!("More than {FOLDERS} folders; the rest is not listed"));
        }
        files.extend(below);
    }
    if files.is_empty() && !unread.is_empty() {
        return Err(unread.swap_remove(0));
    }
    for failure in unread {
        sink.warn(&failure.to_string());
    }
    if files.is_empty() {
        let Some(path) = wanted else {
            sink.line(&format!("{model} {number} has no files."));
            return Ok(Exit::Done);
        };
        let operation = format!("find {} in the files of {model} {number}", clean_line(path));
        return Err(Failure::new(FailureKind::NotFound, Service::Mlflow, operation, "there is no such file or folder")
            .with_hint(format!("`signoff files {model}/{number}` lists all of them.", number = number.0)));
    }
    let saved = match &what.save {
        Some(folder) => Some(save(services, &files, folder, sink).await?),
        None => None,
    };
    if format.json {
        sink.json(&browse::Files {
            schema: "signoff.files/1",
            place: place(services).await,
            model: model.as_str().to_owned(),
            version: number.0,
            files: files
                .iter()
                .enumerate()
                .map(|(n, file)| VersionFile {
                    of: file.owner(),
                    path: file.path.clone(),
                    size: file.size,
                    saved: saved.as_ref().and_then(|places| places.get(n)).map(|p| p.display().to_string()),
                })
                .collect(),
        })?;
        return Ok(Exit::Done);
    }
    if let (Some(saved), Some(folder)) = (&saved, &what.save) {
        sink.line(&format!("Saved {} in {}.", count(saved.len(), "file"), clean_line(&folder.display().to_string())));
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[("OF", Align::Left), ("SIZE", Align::Right), ("PATH", Align::Left)]);
    for file in &files {
        let size = file.size.map(human_size).unwrap_or_default();
        let path = Phrase::of(Role::Title, clean_line(&file.path));
        table.row([Phrase::of(Role::Muted, file.owner()), size.into(), path]);
    }
    sink.text(&table.render(sink.style()));
    Ok(Exit::Done)
}

/// The files of one owner at or below `wanted`, by path; and whether some were left out.
async fn below(services: &Services, root: &ArtifactRoot, wanted: Option<&str>) -> Outcome<(Vec<Found>, bool)> {
    // A file is found in its folder; a folder is listed itself.
    let first = wanted.map_or(String::new(), |path| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned());
    let is_wanted = |path: &str| {
        wanted
            .is_none_or(|wanted| path == wanted || path.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/')))
    };
    let (mut waiting, mut files) = (VecDeque::from([first]), Vec::new());
    for _ in 0..FOLDERS {
        let Some(folder) = waiting.pop_front() else { break };
        for entry in services.tracking.artifacts(root, &folder).await? {
            match entry.is_dir {
                _ if !is_wanted(&entry.path) => {}
                true => waiting.push_back(entry.path),
                false => files.push(Found { root: root.clone(), path: entry.path, size: entry.size }),
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, !waiting.is_empty()))
}

/// Where each file goes below `folder`, or why it cannot. Nothing is written before all of them may be.
fn places(files: &[Found], folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut places = Vec::new();
    for file in files {
        let refuse = |why: String| {
            Failure::new(FailureKind::Local, Service::Local, format!("save {}", clean_line(&file.path)), why)
        };
        let path = safe_relative_path(&file.path)
            .ok_or_else(|| refuse("its name leads out of the folder, or is no name of a file here".to_owned()))?;
        let place = folder.join(path);
        let shown = clean_line(&place.display().to_string());
        // Do not follow links: a dangling link also counts as existing.
        if place.symlink_metadata().is_ok() {
            return Err(refuse(format!("{shown} exists already")).with_hint("Save into a new folder."));
        }
        if places.contains(&place) {
            return Err(refuse(format!("run and logged model both have a file for {shown}"))
                .with_hint("Name a file or a folder that only one of them has."));
        }
        places.push(place);
    }
    Ok(places)
}

async fn save(services: &Services, files: &[Found], folder: &Path, sink: &mut Sink) -> Outcome<Vec<PathBuf>> {
    let places = places(files, folder)?;
    for (n, (file, place)) in files.iter().zip(&places).enumerate() {
        let refuse = |why: String| {
            Failure::new(FailureKind::Local, Service::Local, format!("save {}", clean_line(&file.path)), why)
        };
        sink.note(&format!("Saving {} of {}: {}", n + 1, files.len(), clean_line(&file.path)));
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent).map_err(|e| {
                refuse(format!("the folder {} cannot be made: {e}", clean_line(&parent.display().to_string())))
            })?;
        }
        if fetch(services, &file.root, &file.path, place, false, &|_| {}).await?.is_none() {
            return Err(refuse(format!("{} was made meanwhile", clean_line(&place.display().to_string()))));
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::ids::RunId;

    #[test]
    fn nothing_is_saved_outside_of_the_folder_or_over_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str| Found { root: ArtifactRoot::Run(RunId::new("r")), path: path.to_owned(), size: None };
        let placed = places(&[file("plots/roc.png"), file("MLmodel")], dir.path()).unwrap();
        assert_eq!(placed, [dir.path().join("plots/roc.png"), dir.path().join("MLmodel")]);
        std::fs::write(dir.path().join("MLmodel"), "").unwrap();
        for (files, says) in [
            (vec![file("../x")], "leads out"),
            (vec![file("a/../../x")], "leads out"),
            (vec![file("/etc/passwd")], "leads out"),
            (vec![file("new"), file("MLmodel")], "exists already"),
            (vec![file("new"), file("new")], "both have"),
        ] {
            let failure = places(&files, dir.path()).unwrap_err();
            assert!(failure.reason.contains(says), "{failure}");
        }
    }
}
