using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.HttpTools;

/// <summary>What keeps a service with a wrong HTTP tool from starting.</summary>
public sealed class HttpToolReaderTests
{
    [Theory]
    [InlineData("""{ "url": "https://{base}.example.com/" }""", "$.http.url: takes an argument into 'https://{base}.example.com'")]
    [InlineData("""{ "url": "ftp://example.com/" }""", "$.http.url: is 'ftp://example.com/', not an address of http or https")]
    [InlineData("""{ "url": "https://user:pw@example.com/" }""", "$.http.url: has a user or password")]
    [InlineData("""{ "url": "https://example.com/{gone}" }""", "$.http.url: names the argument 'gone'")]
    [InlineData("""{ "url": "https://example.com/{to}" }""", "$.http.url: needs the argument 'to' in its path")]
    [InlineData("""{ "url": "https://example.com/{base" }""", "$.http.url: has a '{' at character 1")]
    [InlineData("""{ "url": "https://example.com/a/../b" }""", "$.http.url: has '.' or '..'")]
    [InlineData("""{ "url": "http://169.254.169.254/" }""", "$.http.url: '169.254.169.254' is not a public address")]
    [InlineData("""{ "url": "http://2130706433/" }""", "$.http.url: '127.0.0.1' is not a public address")]
    [InlineData("""{ "url": "http://[::ffff:10.0.0.1]/" }""", "is not a public address")]
    [InlineData("""{ "url": "https://example.com/", "method": "CONNECT" }""", "$.http.method: is 'CONNECT'")]
    [InlineData("""{ "url": "https://example.com/", "body": {} }""", "$.http.body: is declared for GET")]
    [InlineData("""{ "url": "https://example.com/", "method": "POST", "body": { "a": ["{nobody}"] } }""", "$.http.body: names the argument 'nobody'")]
    [InlineData("""{ "url": "https://example.com/", "headers": { "Host": "x" } }""", "$.http.headers.Host: is set by the client itself")]
    [InlineData("""{ "url": "https://example.com/", "headers": { "X": "{base}" } }""", "$.http.headers.X: has a '{'")]
    [InlineData("""{ "url": "https://example.com/", "headers": { "X": "secret:NOT_SET" } }""", "$.http.headers.X: names the secret 'NOT_SET', which is not set")]
    [InlineData("""{ "url": "https://example.com/", "query": { "a": 1 } }""", "$.http.query.a: is '1'. Write a text.")]
    [InlineData("""{ "url": "https://example.com/", "success": [302] }""", "$.http.success: has '302'")]
    [InlineData("""{ "url": "https://example.com/", "response": { "select": "data" } }""", "$.http.response.select: is 'data', not a JSON Pointer")]
    [InlineData("""{ "url": "https://example.com/", "response": { "maxBytes": 0 } }""", "$.http.response.maxBytes: is '0'")]
    [InlineData("""{ "url": "https://example.com/", "retries": 3 }""", "$.http.retries: is not a member of http")]
    public async Task A_wrong_declaration_is_named(string http, string problem)
    {
        await using var app = ToolWorkersApp.Prepare(x => File.WriteAllText(Path.Combine(x.ToolsFolder, "rates.json"), HttpManifest.Of(http).ToJsonString()));
        var failures = Assert.Throws<OptionsValidationException>(() => app.Build().Services.GetRequiredService<IOptions<ToolsOptions>>().Value).Failures;

        Assert.Contains(failures, x => x.Contains($"rates.json: ", StringComparison.Ordinal) && x.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_needs_no_secret_of_a_tool_that_others_serve()
    {
        await using var app = ToolWorkersApp.Prepare(x =>
        {
            File.WriteAllText(Path.Combine(x.ToolsFolder, "rates.json"), HttpManifest.Of("""{ "url": "https://example.com/", "headers": { "X": "secret:NOT_SET" } }""").ToJsonString());
            x.Settings["Tools:Serve:0"] = "scripted";
        });

        Assert.Equal(["scripted"], app.Build().Services.GetRequiredService<IOptions<ToolsOptions>>().Value.Serve);
    }
}
