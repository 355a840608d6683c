//! Opens a store with the user's credentials.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::list::PaginatedListStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Settings;
use super::access::{self, AwsAccess};
use super::carrier::Carrier;
use crate::adapters::http::{Secrets, Tls};
use crate::domain::address::SHORTEST_HIDDEN;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::store::{Bucket, Cloud};

/// What is read of a store.
pub(super) trait Store: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Store for T {}

/// A store that was opened.
pub(super) struct Open {
    pub store: Arc<dyn Store>,
    pub carrier: Carrier,
    pub secrets: Secrets,
    /// The credentials, as a phrase.
    pub said: String,
    /// Where requests go, as people know it.
    pub place: String,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("said", &self.said).field("place", &self.place).finish_non_exhaustive()
    }
}

/// Opens `bucket`. `what` is a phrase after "could not".
///
/// # Errors
/// [`FailureKind::Unauthenticated`] if there are no credentials that can be used.
pub(super) async fn open(settings: &Settings, bucket: &Bucket, what: &str) -> Outcome<Open> {
    match bucket.cloud {
        Cloud::S3 => s3(settings, bucket, what).await,
        Cloud::Google => google(settings, bucket, what),
        Cloud::Azure => azure(settings, bucket, what),
    }
}

fn retry() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(200), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(60) }
}

fn refused(bucket: &Bucket, what: &str, why: &str) -> Failure {
    let reason = format!("it is in {bucket}, and {why}");
    Failure::new(FailureKind::Unauthenticated, Service::Mlflow, what, reason)
}

/// What the library says against the settings. It quotes files, and so secrets: only the kind is told.
fn unusable(bucket: &Bucket, what: &str, names: &str, error: &object_store::Error) -> Failure {
    tracing::warn!(store = %bucket, kind = %std::any::type_name_of_val(error), "the credentials cannot be used");
    refused(bucket, what, &format!("the credentials for it cannot be used ({names})"))
}

async fn s3(settings: &Settings, bucket: &Bucket, what: &str) -> Outcome<Open> {
    let found = access::aws(settings).map_err(|why| refused(bucket, what, &why))?;
    let endpoint = settings.s3_endpoint();
    if let Some((name, url)) = endpoint {
        let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        if !is_web {
            let reason = format!("{name} is no web address");
            return Err(Failure::new(FailureKind::Config, Service::Config, what, reason)
                .with_hint("It should look like https://minio.acme.example."));
        }
    }
    let endpoint = endpoint.map(|(_, url)| url);
    let (sts, metadata) = (settings.get("AWS_ENDPOINT_URL_STS"), settings.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    let tls = Tls {
        insecure: settings.is_true("MLFLOW_S3_IGNORE_TLS"),
        ca_file: settings.get("AWS_CA_BUNDLE").map(Into::into),
    };
    let container = settings.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let plain: Vec<&str> = [endpoint, sts, container].into_iter().flatten().collect();
    let carrier = Carrier::new(tls, &plain, metadata);

    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_http_connector(carrier.clone())
        .with_retry(retry())
        // A store of the user's own may speak http; the carrier lets no other.
        .with_allow_http(true);
    if let Some(url) = endpoint {
        let style = settings.get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE");
        builder = match style == Some("virtual") {
            true => builder.with_endpoint(with_bucket(url, &bucket.name)).with_virtual_hosted_style_request(true),
            false => builder.with_endpoint(url),
        };
    }
    let region = match (&found.region, endpoint) {
        (Some(region), _) => Some(region.clone()),
        (None, Some(_)) => None,
        (None, None) => carrier.region(&bucket.name).await,
    };
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    if let Some(url) = sts {
        builder = builder.with_config(AmazonS3ConfigKey::StsEndpoint, url);
    }
    let mut secrets = Vec::new();
    let mut said = found.how.said();
    match found.how {
        AwsAccess::Keys { id, secret, token, .. } => {
            builder = builder.with_access_key_id(&id).with_secret_access_key(secret.expose_secret());
            secrets.extend([SecretString::from(id), secret]);
            if let Some(token) = token {
                builder = builder.with_token(token.expose_secret());
                secrets.push(token);
            }
        }
        AwsAccess::WebIdentity { file, role, session, .. } => {
            builder = builder
                .with_config(AmazonS3ConfigKey::WebIdentityTokenFile, file)
                .with_config(AmazonS3ConfigKey::RoleArn, role);
            if let Some(session) = session {
                builder = builder.with_config(AmazonS3ConfigKey::RoleSessionName, session);
            }
        }
        AwsAccess::Container => {
            for (key, name) in [
                (AmazonS3ConfigKey::ContainerCredentialsRelativeUri, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
                (AmazonS3ConfigKey::ContainerCredentialsFullUri, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
                (AmazonS3ConfigKey::ContainerAuthorizationTokenFile, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            ] {
                if let Some(value) = settings.get(name) {
                    builder = builder.with_config(key, value);
                }
            }
        }
        AwsAccess::Instance { profile } => {
            said = format!("the profile {profile}");
            builder = builder.with_imdsv1_fallback();
            if let Some(url) = metadata {
                builder = builder.with_metadata_endpoint(url.trim_end_matches('/'));
            }
        }
    }
    let store = builder.build().map_err(|error| unusable(bucket, what, &said, &error))?;
    let place = endpoint.unwrap_or("Amazon S3").to_owned();
    Ok(Open { store: Arc::new(store), carrier, secrets: Secrets::of(secrets), said, place })
}

/// The address with the bucket as the first part of its host.
fn with_bucket(url: &str, bucket: &str) -> String {
    match url.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => url.to_owned(),
    }
}

fn google(settings: &Settings, bucket: &Bucket, what: &str) -> Outcome<Open> {
    const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
    let carrier = Carrier::new(Tls::default(), &[], None);
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&bucket.name)
        .with_http_connector(carrier.clone())
        .with_retry(retry());
    let mut said = "the credentials of gcloud, or of this machine".to_owned();
    if let Some(path) = settings.get(FILE) {
        builder = builder.with_application_credentials(path);
        said = FILE.to_owned();
    }
    let store = builder.build().map_err(|error| unusable(bucket, what, &said, &error))?;
    let place = "Google Cloud Storage".to_owned();
    Ok(Open { store: Arc::new(store), carrier, secrets: Secrets::default(), said, place })
}

fn azure(settings: &Settings, bucket: &Bucket, what: &str) -> Outcome<Open> {
    let carrier = Carrier::new(Tls::default(), &[], None);
    let account = bucket.host.split('.').next().unwrap_or_default();
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(&bucket.name)
        .with_endpoint(format!("https://{}", bucket.host))
        .with_http_connector(carrier.clone())
        .with_retry(retry());
    let (mut secrets, mut said) = (Vec::new(), "the managed identity of this machine".to_owned());
    // MLflow's client takes these in this order.
    let connection = settings.get("AZURE_STORAGE_CONNECTION_STRING");
    let part = |name: &str| {
        let parts = connection?.split(';').filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let key = part("AccountKey").map(|key| (key, "AZURE_STORAGE_CONNECTION_STRING"));
    let key = key.or_else(|| settings.get("AZURE_STORAGE_ACCESS_KEY").map(|key| (key, "AZURE_STORAGE_ACCESS_KEY")));
    let sas = part("SharedAccessSignature").map(|sas| (sas, "AZURE_STORAGE_CONNECTION_STRING"));
    let sas = sas.or_else(|| settings.get("AZURE_STORAGE_SAS_TOKEN").map(|sas| (sas, "AZURE_STORAGE_SAS_TOKEN")));
    if let Some((key, name)) = key {
        builder = builder.with_access_key(key);
        (secrets, said) = (vec![key.into()], name.to_owned());
    } else if let Some((sas, name)) = sas {
        builder = builder.with_config(AzureConfigKey::SasKey, sas);
        // The signature may be repeated without the rest.
        let parts = sas.split(['?', '&', '=']).filter(|part| part.len() >= SHORTEST_HIDDEN);
        (secrets, said) = (parts.chain([sas]).map(SecretString::from).collect(), name.to_owned());
    } else {
        let values = [
            (AzureConfigKey::ClientId, "AZURE_CLIENT_ID"),
            (AzureConfigKey::ClientSecret, "AZURE_CLIENT_SECRET"),
            (AzureConfigKey::AuthorityId, "AZURE_TENANT_ID"),
            (AzureConfigKey::FederatedTokenFile, "AZURE_FEDERATED_TOKEN_FILE"),
        ];
        for (key, name) in values {
            let Some(value) = settings.get(name) else { continue };
            builder = builder.with_config(key, value);
            said = "AZURE_CLIENT_ID".to_owned();
            if name == "AZURE_CLIENT_SECRET" {
                secrets.push(value.into());
            }
        }
    }
    let store = builder.build().map_err(|error| unusable(bucket, what, &said, &error))?;
    let place = bucket.host.clone();
    Ok(Open { store: Arc::new(store), carrier, secrets: Secrets::of(secrets), said, place })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::store::Place;

    async fn opened(uri: &str, vars: &[(&str, &str)]) -> Outcome<Open> {
        let Place::Bucket(bucket) = Place::of(uri) else { panic!("{uri} is no bucket") };
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
        open(&Settings { vars, home: None }, &Bucket { folder: String::new(), ..bucket }, "read x").await
    }

    #[tokio::test]
    async fn azure_is_opened_with_the_credentials_of_mlflows_client() {
        let connection = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=c2VjcmV0;EndpointSuffix=x";
        for (vars, said) in [
            (vec![("AZURE_STORAGE_CONNECTION_STRING", connection)], "AZURE_STORAGE_CONNECTION_STRING"),
            (vec![("AZURE_STORAGE_ACCESS_KEY", "c2VjcmV0")], "AZURE_STORAGE_ACCESS_KEY"),
            (vec![("AZURE_STORAGE_SAS_TOKEN", "?sv=2022&sig=c2VjcmV0")], "AZURE_STORAGE_SAS_TOKEN"),
            (
                vec![("AZURE_CLIENT_ID", "1"), ("AZURE_CLIENT_SECRET", "c2VjcmV0"), ("AZURE_TENANT_ID", "2")],
                "AZURE_CLIENT_ID",
            ),
            (vec![], "the managed identity of this machine"),
        ] {
            let open = opened("abfss://models@acme.dfs.core.windows.net/1", &vars).await.unwrap();
            assert_eq!((open.said.as_str(), open.place.as_str()), (said, "acme.blob.core.windows.net"));
            assert!(!format!("{open:?}").contains("c2VjcmV0"));
            assert!(vars.is_empty() || !open.secrets.hide("key c2VjcmV0").contains("c2VjcmV0"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_file_of_google_that_cannot_be_read_is_named_and_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json").display().to_string();
        std::fs::write(&path, r#"{"type":"service_account","private_key":"SECRET"}"#).unwrap();
        let failure = opened("gs://models/1", &[("GOOGLE_APPLICATION_CREDENTIALS", &path)]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthenticated, "{failure}");
        let said = format!("{failure:?}");
        assert!(said.contains("gs://models") && said.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{said}");
        assert!(!said.contains("SECRET"), "{said}");
    }
}
