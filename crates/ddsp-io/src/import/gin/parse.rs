//! Tokens to statements.

use super::token::{Kind, Token, Wrong, tokens};
use super::value::Value;

/// Brackets in brackets in brackets: no more than this.
const MAX_DEPTH: usize = 32;

/// A statement of a gin file; imports mean nothing here and are passed over.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// `scope/class.parameter = value`.
    Binding { scope: String, class: String, parameter: String, value: Value, line: usize },
    /// `scope/name = value`; the name is the whole left side.
    Macro { name: String, value: Value, line: usize },
    /// `include 'file'`.
    Include { file: String, line: usize },
}

/// Reads the statements of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Statement>, Wrong> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0 };
    let mut statements = Vec::new();
    while parser.peek() != &Kind::FileEnd {
        parser.statement(&mut statements)?;
    }
    Ok(statements)
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        // The last token is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Kind {
        &self.token().kind
    }

    fn peek_second(&self) -> Option<&Kind> {
        self.tokens.get(self.next + 1).map(|token| &token.kind)
    }

    fn take(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.next += 1;
        kind
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let found = self.peek() == &Kind::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> Wrong {
        let token = self.token();
        Wrong { line: token.line, detail: format!("expected {what}, found {}", token.kind) }
    }

    fn line_end(&mut self) -> Result<(), Wrong> {
        if self.peek() == &Kind::LineEnd {
            self.next += 1;
            return Ok(());
        }
        Err(self.expected("the end of the line"))
    }

    fn statement(&mut self, statements: &mut Vec<Statement>) -> Result<(), Wrong> {
        let line = self.token().line;
        if let (Kind::Word(word), Some(second)) = (self.peek(), self.peek_second()) {
            match (word.as_str(), second) {
                ("import" | "from", Kind::Word(_)) => {
                    while !matches!(self.peek(), Kind::LineEnd | Kind::FileEnd) {
                        self.next += 1;
                    }
                    return self.line_end();
                }
                ("include", Kind::Text(file)) => {
                    let file = file.clone();
                    self.next += 2;
                    statements.push(Statement::Include { file, line });
                    return self.line_end();
                }
                _ => {}
            }
        }
        let (scope, name) = self.path("a binding (`Class.parameter = value`)")?;
        if self.take_sign(':') {
            return self.block(&scope, &name, statements);
        }
        if !self.take_sign('=') {
            return Err(self.expected("`=`"));
        }
        let value = self.value(0)?;
        self.line_end()?;
        statements.push(match name.rsplit_once('.') {
            // The older spelling of a macro.
            Some(("macro" | "gin.macro", "value")) => Statement::Macro { name: scope, value, line },
            Some((class, parameter)) => {
                let (class, parameter) = (class.to_owned(), parameter.to_owned());
                Statement::Binding { scope, class, parameter, value, line }
            }
            None => Statement::Macro { name: joined(&scope, &name), value, line },
        });
        Ok(())
    }

    /// Indented lines of `parameter = value` below `scope/class:`.
    fn block(
        &mut self,
        scope: &str,
        class: &str,
        statements: &mut Vec<Statement>,
    ) -> Result<(), Wrong> {
        self.line_end()?;
        while self.token().indented {
            let line = self.token().line;
            let Kind::Word(parameter) = self.take() else {
                self.next -= 1;
                return Err(self.expected("a parameter"));
            };
            if !self.take_sign('=') {
                return Err(self.expected("`=`"));
            }
            let value = self.value(0)?;
            self.line_end()?;
            let (scope, class) = (scope.to_owned(), class.to_owned());
            statements.push(Statement::Binding { scope, class, parameter, value, line });
        }
        Ok(())
    }

    /// `scope/scope/module.Class` as its scope and its name.
    fn path(&mut self, what: &str) -> Result<(String, String), Wrong> {
        let (mut scope, mut name) = (String::new(), String::new());
        loop {
            let Kind::Word(word) = self.peek() else { return Err(self.expected(what)) };
            name += word;
            self.next += 1;
            if self.take_sign('.') {
                name.push('.');
            } else if self.take_sign('/') {
                scope = joined(&scope, &name);
                name.clear();
            } else {
                return Ok((scope, name));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Wrong> {
        if depth > MAX_DEPTH {
            return Err(self.expected(&format!("at most {MAX_DEPTH} brackets in each other")));
        }
        let value = match self.peek().clone() {
            Kind::Number(number) => number,
            Kind::Text(text) => {
                self.next += 1;
                return Ok(Value::Text(self.texts(text)));
            }
            Kind::Word(word) => match word.as_str() {
                "True" => Value::Bool(true),
                "False" => Value::Bool(false),
                "None" => Value::None,
                _ => return Err(self.expected("a value (a text stands in quotes)")),
            },
            Kind::Sign(sign @ ('-' | '+')) => {
                self.next += 1;
                match self.peek() {
                    Kind::Number(Value::Int(n)) if sign == '-' => Value::Int(-n),
                    Kind::Number(Value::Float(x)) if sign == '-' => Value::Float(-x),
                    Kind::Number(number) => number.clone(),
                    _ => return Err(self.expected("a number")),
                }
            }
            Kind::Sign(sign @ ('@' | '%')) => {
                self.next += 1;
                let (scope, name) = self.path("a name")?;
                if sign == '%' {
                    return Ok(Value::Macro(joined(&scope, &name)));
                }
                let called = self.take_sign('(');
                if called && !self.take_sign(')') {
                    return Err(self.expected("`)`"));
                }
                return Ok(Value::Reference { scope, name, called });
            }
            Kind::Sign('[') => {
                let (items, _) = self.items(']', depth)?;
                return Ok(Value::List(items));
            }
            Kind::Sign('(') => {
                let (mut items, has_comma) = self.items(')', depth)?;
                let single = items.len() == 1 && !has_comma;
                let value = if single { items.pop() } else { None };
                return Ok(value.unwrap_or(Value::Tuple(items)));
            }
            Kind::Sign('{') => return self.dict(depth),
            Kind::Sign(_) | Kind::LineEnd | Kind::FileEnd => return Err(self.expected("a value")),
        };
        self.next += 1;
        Ok(value)
    }

    /// Texts that stand side by side are one.
    fn texts(&mut self, mut text: String) -> String {
        while let Kind::Text(more) = self.peek() {
            text += more;
            self.next += 1;
        }
        text
    }

    /// The items of a list or a tuple, and whether the last one has a comma behind it.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Value>, bool), Wrong> {
        let opened = self.token().line;
        self.next += 1;
        let mut items = Vec::new();
        let mut has_comma = false;
        while !self.take_sign(close) {
            if !items.is_empty() && !has_comma {
                let what = format!("`,` or `{close}` (the bracket opens in line {opened})");
                return Err(self.expected(&what));
            }
            items.push(self.value(depth + 1)?);
            has_comma = self.take_sign(',');
        }
        Ok((items, has_comma))
    }

    fn dict(&mut self, depth: usize) -> Result<Value, Wrong> {
        let opened = self.token().line;
        self.next += 1;
        let mut items = Vec::new();
        let mut has_comma = true;
        while !self.take_sign('}') {
            if !has_comma {
                let what = format!("`,` or `}}` (the bracket opens in line {opened})");
                return Err(self.expected(&what));
            }
            let key = self.value(depth + 1)?;
            if !self.take_sign(':') {
                return Err(self.expected("`:`"));
            }
            items.push((key, self.value(depth + 1)?));
            has_comma = self.take_sign(',');
        }
        Ok(Value::Dict(items))
    }
}

/// A name in a scope.
fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        match parse(&format!("x = {text}")).unwrap().pop() {
            Some(Statement::Macro { value, .. }) => value,
            other => panic!("{other:?}"),
        }
    }

    fn wrong(text: &str) -> (usize, String) {
        let wrong = parse(text).unwrap_err();
        (wrong.line, wrong.detail)
    }

    #[test]
    fn values_are_those_of_python() {
        for (text, expected) in [
            ("-3", Value::Int(-3)),
            ("1e-07", Value::Float(1e-7)),
            (".5", Value::Float(0.5)),
            ("0x10", Value::Int(16)),
            ("1_000", Value::Int(1000)),
            ("'a' \"b\\n\"", Value::Text("ab\n".into())),
            ("'''a'b'''", Value::Text("a'b".into())),
            ("''", Value::Text(String::new())),
            ("(1)", Value::Int(1)),
            ("(1,)", Value::Tuple(vec![Value::Int(1)])),
            ("()", Value::Tuple(vec![])),
            ("[\n  True, # yes\n  None]", Value::List(vec![Value::Bool(true), Value::None])),
            ("\\\n  %a/b", Value::Macro("a/b".into())),
            ("{'a': 1}", Value::Dict(vec![(Value::Text("a".into()), Value::Int(1))])),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        let reference =
            Value::Reference { scope: "dec".into(), name: "nn.Stack".into(), called: true };
        assert_eq!(value("@dec/nn.Stack()"), reference);
        assert_eq!(reference.to_string(), "@dec/nn.Stack()");
    }

    #[test]
    fn statements_of_every_kind_are_told_apart() {
        let text = "import ddsp.training as ddsp2\nfrom a import b\n\ninclude 'base.gin'\n\
                    a/m.Class.p = 1\nn/macro.value = 2\nClass:\n  q = 3\n  r = 4 # four\nk = 5";
        let statements = parse(text).unwrap();
        let binding = |scope: &str, class: &str, parameter: &str, n, line| Statement::Binding {
            scope: scope.into(),
            class: class.into(),
            parameter: parameter.into(),
            value: Value::Int(n),
            line,
        };
        let named = |name: &str, n, line| Statement::Macro {
            name: name.into(),
            value: Value::Int(n),
            line,
        };
        let expected = [
            Statement::Include { file: "base.gin".into(), line: 4 },
            binding("a", "m.Class", "p", 1, 5),
            named("n", 2, 6),
            binding("", "Class", "q", 3, 8),
            binding("", "Class", "r", 4, 9),
            named("k", 5, 10),
        ];
        assert_eq!(statements, expected);
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        for (text, line, expected) in [
            ("a.b = 1\nc.d 2\n", 2, "expected `=`, found `2`"),
            (
                "a.b = [1,\n 2\nc.d = 3",
                3,
                "expected `,` or `]` (the bracket opens in line 1), found `c`",
            ),
            ("a.b = gru", 1, "expected a value (a text stands in quotes), found `gru`"),
            ("a.b = 'gru\nc.d = 1", 1, "expected ' to end the text, found the end of the line"),
            ("a.b = 1 2", 1, "expected the end of the line, found `2`"),
            ("a.b = 12q4", 1, "expected a number, found `12q4`"),
            ("a.b = @c(", 1, "expected `)`, found the end of the file"),
            ("a.b =", 1, "expected a value, found the end of the line"),
            ("= 3", 1, "expected a binding (`Class.parameter = value`), found `=`"),
            ("a.b = 'x' \\ 3", 1, "expected the end of the line after `\\`"),
        ] {
            let (found_line, found) = wrong(text);
            assert_eq!((found_line, found.as_str()), (line, expected), "{text:?}");
        }
        let deep = format!("a.b = {}", "[".repeat(100_000));
        assert!(wrong(&deep).1.contains("at most 32 brackets"));
    }
}
