//! Stores of credentials that a platform keeps for its users, and what is typed unseen; logs whose
//! handlers send what they are given to a machine that is written down.

use ruff_python_ast::{Expr, ExprCall};

use super::super::scope::{FuncId, Param, literal_elements};
use super::super::value::Val;
use super::Flows;
use crate::check::flow::far_name;

/// Tables of a platform whose rows are credentials.
const TABLES: &[&str] = &[
    "airflow.models.Connection",
    "airflow.models.Variable",
    "airflow.models.connection.Connection",
    "airflow.models.variable.Variable",
    "allauth.socialaccount.models.SocialToken",
    "oauth2_provider.models.AccessToken",
    "rest_framework.authtoken.models.Token",
    "superset.models.core.Database",
];

/// Calls that ask a table for its rows.
const QUERIES: &[&str] = &["query", "select", "scalars", "execute", "exec", "list", "all", "values"];

/// Whether a name gives credentials that a platform keeps: all of them, or one that the library
/// which owns it shows to its service by itself.
pub(super) fn is_store(name: &str, called: bool) -> bool {
    match called {
        true => {
            matches!(
                name,
                "airflow.configuration.conf.as_dict"
                    | "docker.auth.load_config"
                    | "flask.current_app.config.copy"
                    | "flask.current_app.config.items"
                    | "huggingface_hub.HfFolder.get_token"
                    | "huggingface_hub.get_token"
                    | "huggingface_hub.utils.get_token"
                    | "win32cred.CredEnumerate"
            ) || name.ends_with(".get_frozen_credentials")
                && (name.starts_with("boto3.") || name.starts_with("botocore."))
                || name.starts_with("kubernetes.")
                    && [".list_secret_for_all_namespaces", ".list_namespaced_secret"]
                        .iter()
                        .any(|end| name.ends_with(end))
                || name.starts_with("secretstorage.") && name.ends_with(".get_all_items")
        }
        false => matches!(
            name,
            "django.conf.settings.SECRET_KEY"
                | "django.conf.settings.DATABASES"
                | "flask.current_app.secret_key"
        ),
    }
}

impl<'a> Flows<'_, '_, '_, 'a> {
    /// `session.query(Connection)`, `select(Variable)`, `Token.objects.all()`
    pub(super) fn asks_store(&self, it: &'a ExprCall) -> bool {
        let method = match &*it.func {
            Expr::Attribute(it) => it.attr.as_str(),
            Expr::Name(it) => it.id.as_str(),
            _ => return false,
        };
        if !QUERIES.contains(&method) {
            return false;
        }
        let is_table = |value: &'a Expr| {
            let value = self.resolver.expr(value);
            value.as_name().is_some_and(|name| TABLES.contains(&name))
        };
        let of_table = || match &*it.func {
            Expr::Attribute(of) => {
                let of = self.resolver.expr(&of.value);
                of.as_name()
                    .and_then(|name| name.strip_suffix(".objects"))
                    .is_some_and(|name| TABLES.contains(&name))
            }
            _ => false,
        };
        it.arguments.args.iter().take(8).any(is_table) || of_table()
    }

    /// Whether a call asks the user for something that is not shown while it is typed.
    pub(super) fn asks_unseen(&self, name: &str, it: &'a ExprCall) -> bool {
        match name {
            "getpass.getpass" | "pwinput.pwinput" | "maskpass.askpass" => true,
            "click.prompt" | "typer.prompt" => self.hides_input(it),
            "rich.prompt.Prompt.ask" => self.is_set(it, "password"),
            "questionary.password().ask" | "inquirer.password" => true,
            _ => false,
        }
    }

    fn is_set(&self, it: &'a ExprCall, option: &str) -> bool {
        let option = it.arguments.find_keyword(option);
        option.is_some_and(|option| self.resolver.expr(&option.value).truth() == Some(true))
    }

    fn hides_input(&self, it: &'a ExprCall) -> bool {
        self.is_set(it, "hide_input")
    }

    /// Whether a parameter is an option of a command line whose value is typed unseen.
    pub(super) fn is_typed_unseen(&self, func: FuncId, param: &Param<'a>) -> bool {
        if let Some(Expr::Call(default)) = param.default
            && self.resolver.callee(default).as_name() == Some("typer.Option")
        {
            return self.hides_input(default);
        }
        let it = &self.resolver.scopes.funcs[func];
        it.decorators.iter().take(16).any(|decorator| {
            let Expr::Call(call) = decorator else { return false };
            let callee = self.resolver.callee(call);
            let name = callee.as_name().unwrap_or("");
            let names = call.arguments.args.iter().take(6).any(|flag| {
                let flag = self.resolver.expr(flag);
                flag.as_str().is_some_and(|flag| flag.trim_start_matches('-').replace('-', "_") == param.name)
            });
            match name {
                "click.option" => names && self.hides_input(call),
                "click.password_option" => names || param.name == "password",
                _ => false,
            }
        })
    }

    /// Whether a handler of a log is made that sends to a machine which is written down.
    pub(super) fn ships_log(&self, name: &str, it: &'a ExprCall) -> bool {
        let option = match name {
            "logging.handlers.HTTPHandler"
            | "logging.handlers.SocketHandler"
            | "logging.handlers.DatagramHandler" => "host",
            "logging.handlers.SysLogHandler" => "address",
            "logging.handlers.SMTPHandler" => "mailhost",
            _ => return false,
        };
        let Some(host) = it.arguments.find_argument_value(option, 0) else { return false };
        let host = match literal_elements(host) {
            Some(parts) => parts.first().map(|part| self.resolver.expr(part)),
            None => match self.resolver.expr(host) {
                Val::List(parts) => parts.first().cloned(),
                host => Some(host),
            },
        };
        let host = host.as_ref().and_then(Val::as_str).unwrap_or_default();
        far_name(host.split(':').next().unwrap_or_default())
    }
}
