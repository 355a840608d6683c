//! The user's credentials for a store, looked for where the store's own tools and MLflow's client look.

use std::path::PathBuf;

use configparser::ini::Ini;
use secrecy::{ExposeSecret as _, SecretString};

use super::Settings;
use crate::local::{self, MIB};

impl Settings {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(|value| value.expose_secret().trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The address that is to be asked instead of Amazon's.
    pub(super) fn s3_endpoint(&self) -> Option<(&'static str, &str)> {
        ["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|name| Some((name, self.get(name)?)))
    }

    fn path(&self, name: &str, usual: &str) -> Option<PathBuf> {
        match (self.get(name), &self.home) {
            (Some(path), Some(home)) if path.starts_with("~/") => Some(home.join(&path[2..])),
            (Some(path), _) => Some(PathBuf::from(path)),
            (None, Some(home)) => Some(home.join(usual)),
            (None, None) => None,
        }
    }
}

/// Credentials for Amazon S3.
pub(super) struct Aws {
    pub how: AwsAccess,
    pub region: Option<String>,
}

/// How to sign in to Amazon.
pub(super) enum AwsAccess {
    Keys {
        id: String,
        secret: SecretString,
        token: Option<SecretString>,
        said: String,
    },
    WebIdentity {
        file: String,
        role: String,
        session: Option<String>,
        said: String,
    },
    /// A task of a container service.
    Container,
    /// The machine itself.
    Instance {
        profile: String,
    },
}

impl AwsAccess {
    /// A phrase that names the credentials, and shows none.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Keys { said, .. } | Self::WebIdentity { said, .. } => said.clone(),
            Self::Container => "the credentials of this container".to_owned(),
            Self::Instance { .. } => "the instance profile of this machine".to_owned(),
        }
    }
}

/// Keys of profiles that sign in in ways that are not supported.
const UNSUPPORTED: [(&str, &str); 6] = [
    ("sso_session", "single sign-on"),
    ("sso_start_url", "single sign-on"),
    ("login_session", "a login"),
    ("credential_process", "a program"),
    ("source_profile", "another profile's role"),
    ("credential_source", "a role"),
];

/// The credentials for Amazon, in the order of Amazon's own tools.
///
/// # Errors
/// A sentence that names what is missing, or cannot be used.
pub(super) fn aws(settings: &Settings) -> Result<Aws, String> {
    let named = settings.get("AWS_PROFILE").or_else(|| settings.get("AWS_DEFAULT_PROFILE"));
    let profile = named.unwrap_or("default");
    let secrets = ini(settings.path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"))?;
    let config = ini(settings.path("AWS_CONFIG_FILE", ".aws/config"))?;
    let of_config = if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    let in_secrets = |key: &str| value(secrets.as_ref(), profile, key);
    let in_config = |key: &str| value(config.as_ref(), &of_config, key);
    let either = |key: &str| in_secrets(key).or_else(|| in_config(key));
    let known = [(secrets.as_ref(), profile), (config.as_ref(), of_config.as_str())];
    let has_profile =
        known.iter().any(|(ini, section)| ini.is_some_and(|ini| ini.get_map_ref().contains_key(*section)));
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| settings.get(name));
    let region = region.map(str::to_owned).or_else(|| either("region"));
    let found = |how| Ok(Aws { how, region: region.clone() });

    match (settings.get("AWS_ACCESS_KEY_ID"), settings.get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let token = settings.get("AWS_SESSION_TOKEN").map(SecretString::from);
            let (id, secret) = (id.to_owned(), secret.into());
            return found(AwsAccess::Keys { id, secret, token, said: "AWS_ACCESS_KEY_ID".to_owned() });
        }
        (Some(_), None) => return Err("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY".to_owned()),
        (None, Some(_)) => return Err("AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID".to_owned()),
        (None, None) => {}
    }
    if let Some(named) = named.filter(|_| !has_profile) {
        return Err(format!("there is no profile {named} (AWS_PROFILE) in ~/.aws/credentials or ~/.aws/config"));
    }
    if let (Some(file), Some(role)) = (settings.get("AWS_WEB_IDENTITY_TOKEN_FILE"), settings.get("AWS_ROLE_ARN")) {
        let session = settings.get("AWS_ROLE_SESSION_NAME").map(str::to_owned);
        let said = "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned();
        return found(AwsAccess::WebIdentity { file: file.to_owned(), role: role.to_owned(), session, said });
    }
    if let (Some(file), Some(role)) = (either("web_identity_token_file"), either("role_arn")) {
        let said = format!("the profile {profile}");
        return found(AwsAccess::WebIdentity { file, role, session: either("role_session_name"), said });
    }
    if let (Some(id), Some(secret)) = (either("aws_access_key_id"), either("aws_secret_access_key"))
        && either("role_arn").is_none()
    {
        let token = either("aws_session_token").map(SecretString::from);
        return found(AwsAccess::Keys { id, secret: secret.into(), token, said: format!("the profile {profile}") });
    }
    if let Some((key, what)) = UNSUPPORTED.iter().find(|(key, _)| either(key).is_some()) {
        return Err(format!(
            "the profile {profile} signs in with {key} ({what}), which signoff does not support; `aws configure \
             export-credentials --profile {profile} --format env` prints keys that it does"
        ));
    }
    if settings.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
        || settings.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some()
    {
        return found(AwsAccess::Container);
    }
    if settings.is_true("AWS_EC2_METADATA_DISABLED") {
        return Err(format!("neither AWS_ACCESS_KEY_ID nor the profile {profile} has credentials for it"));
    }
    found(AwsAccess::Instance { profile: profile.to_owned() })
}

fn ini(path: Option<PathBuf>) -> Result<Option<Ini>, String> {
    let Some(path) = path else { return Ok(None) };
    let shown = path.display();
    let text = match local::read_text(&path, MIB) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("{shown} cannot be read: {e}")),
    };
    // Case-sensitive, and without inline comments: keys may contain ; and #.
    let mut ini = Ini::new_cs();
    ini.set_inline_comment_symbols(Some(&[]));
    ini.set_default_section("\0");
    // The parser's message may quote the line, including a secret.
    ini.read(text).map_err(|_| format!("{shown} is not an INI file"))?;
    Ok(Some(ini))
}

fn value(ini: Option<&Ini>, section: &str, key: &str) -> Option<String> {
    let value = ini?.get(section, key)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(vars: &[(&str, &str)], credentials: &str, config: &str) -> (tempfile::TempDir, Settings) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), credentials).unwrap();
        std::fs::write(home.path().join(".aws/config"), config).unwrap();
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
        let settings = Settings { vars, home: Some(home.path().to_owned()) };
        (home, settings)
    }

    const CREDENTIALS: &str = "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = a#b;c\n\
                               [qa]\naws_access_key_id=AKQA\naws_secret_access_key=q\naws_session_token=t\n";

    #[test]
    fn credentials_come_from_the_environment_then_the_profile_then_the_machine() {
        let id = |vars: &[(&str, &str)]| {
            let (_home, settings) = settings(vars, CREDENTIALS, "[profile qa]\nregion = eu-north-1\n");
            let found = aws(&settings).unwrap();
            let AwsAccess::Keys { id, secret, token, .. } = found.how else { panic!("no keys") };
            (id, secret.expose_secret().to_owned(), token.is_some(), found.region)
        };
        let all = |id: &str, secret: &str, token, region: Option<&str>| {
            (id.to_owned(), secret.to_owned(), token, region.map(str::to_owned))
        };
        assert_eq!(id(&[]), all("AKDEFAULT", "a#b;c", false, None));
        assert_eq!(id(&[("AWS_PROFILE", "qa")]), all("AKQA", "q", true, Some("eu-north-1")));
        let both = [
            ("AWS_PROFILE", "qa"),
            ("AWS_ACCESS_KEY_ID", "AKENV"),
            ("AWS_SECRET_ACCESS_KEY", "e"),
            ("AWS_REGION", "r"),
        ];
        assert_eq!(id(&both), all("AKENV", "e", false, Some("r")));
        let (_home, bare) = settings(&[], "", "");
        assert!(matches!(aws(&bare).unwrap().how, AwsAccess::Instance { .. }));
    }

    #[test]
    fn a_role_is_taken_by_web_identity() {
        let vars = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/qa")];
        let (_home, settings_) = settings(&vars, CREDENTIALS, "");
        assert!(matches!(aws(&settings_).unwrap().how, AwsAccess::WebIdentity { .. }));
        let config = "[profile qa]\nrole_arn = arn:aws:iam::1:role/qa\nweb_identity_token_file = /run/token\n";
        let (_home, settings) = settings(&[("AWS_PROFILE", "qa")], "", config);
        let AwsAccess::WebIdentity { file, .. } = aws(&settings).unwrap().how else { panic!("no role") };
        assert_eq!(file, "/run/token");
    }

    #[test]
    fn what_is_missing_or_cannot_be_used_is_named_and_no_secret_with_it() {
        let sso = "[profile qa]\nsso_session = acme\n";
        let role = "[profile qa]\nrole_arn = arn:aws:iam::1:role/qa\nsource_profile = default\n";
        for (vars, config, words) in [
            (vec![("AWS_ACCESS_KEY_ID", "AKSECRET")], "", "without AWS_SECRET_ACCESS_KEY"),
            (vec![("AWS_SECRET_ACCESS_KEY", "AKSECRET")], "", "without AWS_ACCESS_KEY_ID"),
            (vec![("AWS_PROFILE", "nowhere")], "", "no profile nowhere"),
            (vec![("AWS_PROFILE", "qa")], sso, "sso_session"),
            (vec![("AWS_PROFILE", "qa")], role, "source_profile"),
            (vec![("AWS_EC2_METADATA_DISABLED", "true")], "", "neither AWS_ACCESS_KEY_ID"),
            (vec![], "[default\naws_secret_access_key = AKSECRET\n", "is not an INI file"),
        ] {
            let (_home, settings) = settings(&vars, "", config);
            let why = aws(&settings).err().unwrap();
            assert!(why.contains(words) && !why.contains("AKSECRET"), "{why}");
        }
    }
}
