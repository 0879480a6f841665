// Replaces kerberos, a native package that the proxy agent imports in a `try` for Negotiate authentication. We do
// not offer that, and bundlers of programs that use the library would report a missing package.
throw new Error('Negotiate authentication is not supported');
