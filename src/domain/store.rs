//! Where the files of a run are, by the address that MLflow keeps of them.

use std::fmt;

use super::text::clean_line;

/// Who runs a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Amazon S3, or whatever speaks it.
    S3,
    Google,
    Azure,
}

/// A folder in a cloud store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    pub cloud: Cloud,
    /// Of the bucket, or of Azure's container.
    pub name: String,
    /// The host of Azure's storage account; empty elsewhere.
    pub host: String,
    /// Below it are the files. Without slashes at its ends; may be empty.
    pub folder: String,
}

/// Where files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The MLflow server hands them out.
    Server,
    Bucket(Bucket),
    /// A folder of the machine that the run was made on, or of the server.
    Disk(String),
    /// A store that MLflow reaches by code of its own, by the scheme of its address.
    Unknown(String),
}

/// The ends of the hosts of Azure's storage accounts. Anything else is not Azure's, and must not see a credential for it.
const AZURE: [&str; 4] = ["core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net", "core.cloudapi.de"];

impl Place {
    /// What an artifact URI says. Whoever makes an experiment chooses it.
    pub fn of(uri: &str) -> Self {
        let Some((scheme, rest)) = uri.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Self::Disk(uri.to_owned());
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (authority, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let bucket = |cloud, name: &str, host: &str| {
            let folder = folder.trim_matches('/').to_owned();
            match is_name(name) {
                true => Self::Bucket(Bucket { cloud, name: name.to_owned(), host: host.to_owned(), folder }),
                false => Self::Unknown(scheme.to_owned()),
            }
        };
        match scheme.to_ascii_lowercase().as_str() {
            "mlflow-artifacts" | "http" | "https" => Self::Server,
            "file" => Self::Disk(format!("/{}", rest.trim_start_matches('/'))),
            "s3" | "s3a" => bucket(Cloud::S3, authority, ""),
            "gs" => bucket(Cloud::Google, authority, ""),
            "wasbs" | "wasb" | "abfss" | "abfs" => {
                let at = authority.split_once('@').and_then(|(container, host)| Some((container, account_host(host)?)));
                match at {
                    Some((container, host)) => bucket(Cloud::Azure, container, &host),
                    None => Self::Unknown(scheme.to_owned()),
                }
            }
            // A drive of Windows.
            _ if scheme.len() == 1 => Self::Disk(uri.to_owned()),
            other => Self::Unknown(other.to_owned()),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether it can be the name of a bucket, and leads nowhere else in an address.
fn is_name(name: &str) -> bool {
    !name.starts_with('.') && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._$".contains(c))
}

/// The host of a storage account for files by name; none if it is not Azure's.
fn account_host(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let (account, rest) = host.split_once('.')?;
    let end = rest.strip_prefix("blob.").or_else(|| rest.strip_prefix("dfs."))?;
    let known = AZURE.contains(&end) && !account.is_empty() && account.chars().all(|c| c.is_ascii_alphanumeric());
    known.then(|| format!("{account}.blob.{end}"))
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cloud {
            Cloud::S3 => write!(f, "s3://{}", clean_line(&self.name)),
            Cloud::Google => write!(f, "gs://{}", clean_line(&self.name)),
            Cloud::Azure => write!(f, "{}@{}", clean_line(&self.name), clean_line(&self.host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(cloud: Cloud, name: &str, host: &str, folder: &str) -> Place {
        Place::Bucket(Bucket { cloud, name: name.to_owned(), host: host.to_owned(), folder: folder.to_owned() })
    }

    #[test]
    fn an_address_says_which_store_it_is() {
        let azure = "acme.blob.core.windows.net";
        for (uri, place) in [
            ("mlflow-artifacts:/1/abc/artifacts", Place::Server),
            ("https://mlflow.acme.example/api/2.0/mlflow-artifacts/artifacts/1", Place::Server),
            ("s3://models/1/abc/artifacts", bucket(Cloud::S3, "models", "", "1/abc/artifacts")),
            ("s3://models", bucket(Cloud::S3, "models", "", "")),
            ("s3://models/a b/%2F/", bucket(Cloud::S3, "models", "", "a b/%2F")),
            ("gs://models/x", bucket(Cloud::Google, "models", "", "x")),
            ("wasbs://c@acme.blob.core.windows.net/x/y", bucket(Cloud::Azure, "c", azure, "x/y")),
            ("abfss://c@acme.dfs.core.windows.net/x", bucket(Cloud::Azure, "c", azure, "x")),
            ("file:///mlruns/1", Place::Disk("/mlruns/1".to_owned())),
            ("file:/mlruns/1", Place::Disk("/mlruns/1".to_owned())),
            ("./mlruns/1", Place::Disk("./mlruns/1".to_owned())),
            ("C:\\mlruns\\1", Place::Disk("C:\\mlruns\\1".to_owned())),
            ("hdfs://namenode/x", Place::Unknown("hdfs".to_owned())),
            ("dbfs:/databricks/x", Place::Unknown("dbfs".to_owned())),
        ] {
            assert_eq!(Place::of(uri), place, "{uri}");
        }
    }

    #[test]
    fn no_address_leads_to_a_host_that_is_not_the_store() {
        for uri in [
            "s3:///x",
            "s3://evil.example:80/x",
            "s3://a@evil.example/x",
            "s3://../x",
            "gs://a?b/x",
            "wasbs://c@evil.example/x",
            "wasbs://c@acme.blob.core.windows.net.evil.example/x",
            "wasbs://c@evil.example#.blob.core.windows.net/x",
            "abfss://acme.dfs.core.windows.net/x",
        ] {
            assert!(matches!(Place::of(uri), Place::Unknown(_)), "{uri}");
        }
    }
}
