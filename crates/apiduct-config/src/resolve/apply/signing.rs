//! Signatures and pools, with their values.

use std::sync::Arc;

use apiduct_client::Inject;
use apiduct_client::auth::{Auth, AwsSigV4, HmacSigning, KeyPool};
use apiduct_model::SecretText;

use super::Resolver;
use crate::error::ConfigErrorKind;
use crate::resolve::secrets::Use;
use crate::spec::{AuthSpec, AwsSpec, ClientCertificateSpec, HmacSpec, Located, PoolSpec};
use crate::template::Template;

impl Resolver<'_> {
    pub(super) fn hmac(
        &mut self,
        place: &Located<AuthSpec>,
        spec: &HmacSpec,
    ) -> Option<Arc<dyn Auth>> {
        let secret = self.text_at(place, &spec.secret, Use::Credential);
        let key_id = match &spec.key_id {
            Some(key_id) => self.text_at(place, key_id, Use::Credential)?,
            None => String::new(),
        };
        let mut signing = HmacSigning::new(SecretText::from(secret?), spec.message.clone())
            .key_id(key_id)
            .secret_encoding(spec.secret_encoding)
            .algorithm(spec.algorithm)
            .encoding(spec.encoding)
            .timestamp_format(spec.timestamp_format);
        for (name, pattern) in &spec.headers {
            match Inject::header(name) {
                Ok(header) => signing = signing.put(header, pattern.clone()),
                Err(error) => {
                    let kind = ConfigErrorKind::Conflict {
                        reason: error.to_string(),
                        hint: None,
                    };
                    self.problems.push(&place.path, place.mark, kind);
                    return None;
                }
            }
        }
        for (name, pattern) in &spec.params {
            signing = signing.put(Inject::query(name), pattern.clone());
        }
        Some(Arc::new(signing))
    }

    pub(super) fn aws(
        &mut self,
        place: &Located<AuthSpec>,
        spec: &AwsSpec,
    ) -> Option<Arc<dyn Auth>> {
        let access_key = self.text_at(place, &spec.access_key, Use::Credential);
        let secret_key = self.text_at(place, &spec.secret_key, Use::Credential);
        let region = self.text_at(place, &spec.region, Use::Address);
        let service = self.text_at(place, &spec.service, Use::Address);
        let token = match &spec.session_token {
            Some(token) => Some(self.text_at(place, token, Use::Credential)?),
            None => None,
        };
        let secret_key = SecretText::from(secret_key?);
        let mut signing = AwsSigV4::new(access_key?, secret_key, region?, service?);
        signing.session_token = token.map(SecretText::from);
        signing.double_encode = spec.double_encode;
        Some(Arc::new(signing))
    }

    pub(super) fn pool(
        &mut self,
        place: &Located<AuthSpec>,
        spec: &PoolSpec,
    ) -> Option<Arc<dyn Auth>> {
        let keys: Vec<Option<Arc<dyn Auth>>> = spec
            .keys
            .iter()
            .enumerate()
            .map(|(at, (mark, key))| {
                self.auth(&Located {
                    value: key.clone(),
                    path: format!("{}.keys[{at}]", place.path).into(),
                    mark: *mark,
                })
            })
            .collect();
        let mut pool = KeyPool::new().order(spec.order);
        if let Some(rest) = spec.rest {
            pool = pool.rest(rest);
        }
        for key in keys {
            pool = pool.key(key?);
        }
        Some(Arc::new(pool))
    }

    pub(super) fn client_certificate(
        &mut self,
        spec: &ClientCertificateSpec,
    ) -> Option<(String, SecretText)> {
        let certificate = self.pem(&spec.certificate, Use::Address);
        let private_key = self
            .pem(&spec.private_key, Use::Credential)
            .map(SecretText::from);
        certificate.zip(private_key)
    }

    /// A PEM text, written as it is or as the file that has it.
    fn pem(&mut self, text: &Located<Template>, used: Use) -> Option<String> {
        let path = self.text(text, Use::Address)?;
        if path.contains("-----BEGIN") {
            return self.text(text, used);
        }
        match self.secrets.file(&path) {
            Ok(pem) => {
                if used == Use::Credential {
                    self.secrets.register(&SecretText::from(pem.as_str()));
                }
                Some(pem)
            }
            Err(kind) => {
                self.problems.push(&text.path, text.mark, kind);
                None
            }
        }
    }

    /// One text of what stands at `place`.
    pub(super) fn text_at<T>(
        &mut self,
        place: &Located<T>,
        template: &Template,
        used: Use,
    ) -> Option<String> {
        let located = Located {
            value: template.clone(),
            path: place.path.clone(),
            mark: place.mark,
        };
        self.text(&located, used)
    }
}
