using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Manifests;

public sealed class ToolManifestTests
{
    [Fact]
    public async Task All_problems_of_all_files_are_reported_at_once_with_file_and_path()
    {
        var failures = await FailuresAsync(app =>
        {
            app.AddManifest(manifest =>
            {
                manifest.Remove("effects");
                manifest.Remove("fallback");
                manifest["timeoutSeconds"] = 0;
                manifest["onFaliure"] = "fallback";
                manifest["breaker"] = new JsonObject { ["minimumThroughput"] = 1 };
            });
            File.WriteAllText(Path.Combine(app.ToolsFolder, "broken.json"), "{");
        });

        Assert.Contains(failures, x => x.Contains("scripted.json: $.effects: is missing. Declare ReadOnly", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("scripted.json: $.fallback: is missing; a tool without a fallback is not started.", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("scripted.json: $.timeoutSeconds: is '0'. Write a number from 0.05 to 600.", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("scripted.json: $.onFaliure: is not a member of a tool manifest.", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("scripted.json: $.breaker.minimumThroughput: is '1'.", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("broken.json: is not valid JSON", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"kind":"lastGood"}""", "$.fallback.maxAgeSeconds: is missing")]
    [InlineData("""{"kind":"lastGood","maxAgeSeconds":60}""", "$.fallback.otherwise: is missing")]
    [InlineData("""{"kind":"tool","otherwise":{"kind":"message","text":"No."}}""", "$.fallback.tool: is missing")]
    [InlineData("""{"kind":"tool","tool":"nobody","otherwise":{"kind":"message","text":"No."}}""", "$.fallback.tool: is 'nobody', which no manifest declares")]
    [InlineData("""{"kind":"tool","tool":"scripted","otherwise":{"kind":"message","text":"No."}}""", "$.fallback.tool: is the tool itself")]
    [InlineData("""{"kind":"tool","tool":"issue_refund","otherwise":{"kind":"message","text":"No."}}""", "$.fallback.tool: is 'issue_refund', which is OnceOnly")]
    [InlineData("""{"kind":"otherTool"}""", "$.fallback.kind: is 'otherTool'")]
    public async Task A_fallback_that_could_not_answer_is_refused_at_the_start(string fallback, string problem)
    {
        var failures = await FailuresAsync(app => app.AddManifest(manifest => manifest["fallback"] = JsonNode.Parse(fallback)));

        Assert.Contains(failures, x => x.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_without_an_implementation_is_refused()
    {
        var failures = await FailuresAsync(app =>
            File.WriteAllText(Path.Combine(app.ToolsFolder, "extra.json"), File.ReadAllText(Path.Combine(app.ToolsFolder, "scripted.json")).Replace("\"scripted\"", "\"extra\"", StringComparison.Ordinal)));

        Assert.Contains(failures, x => x.Contains("extra.json: $.name: no implementation has the name 'extra'.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_implementation_without_a_manifest_is_refused()
    {
        var failures = await FailuresAsync(app => File.Delete(Path.Combine(app.ToolsFolder, "scripted.json")));

        Assert.Contains(failures, x => x.StartsWith("The tool 'scripted' is implemented but no manifest in 'tools' declares it.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_served_tool_that_does_not_exist_is_refused()
    {
        var failures = await FailuresAsync(app => app.Settings["Tools:Serve:0"] = "issue_refunds");

        Assert.Contains(failures, x => x.StartsWith("Tools:Serve names 'issue_refunds', which no manifest", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_files_with_one_name_are_refused()
    {
        var failures = await FailuresAsync(app => File.Copy(Path.Combine(app.ToolsFolder, "scripted.json"), Path.Combine(app.ToolsFolder, "twin.json")));

        Assert.Contains(failures, x => x.Contains("the name 'scripted' is used more than once.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_missing_directory_is_named_with_the_way_out()
    {
        var failures = await FailuresAsync(app => app.Settings["Tools:Directory"] = "nowhere");

        Assert.Contains(failures, x => x.Contains("nowhere', which does not exist. Set Tools__Directory", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"type":"array"}""", "$.parameters: is not an object schema.")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1}}}""", "$.parameters.properties.a.const: the keyword 'const' is not checked")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"http://elsewhere/a.json"}}}""", "$.parameters.properties.a.$ref: the keyword '$ref' is not checked")]
    [InlineData("""{"type":"object","properties":{"a":1}}""", "$.parameters.properties.a: is not a schema.")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"strung"}}}""", "$.parameters.properties.a.type: is 'strung'.")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","format":"iban"}}}""", "$.parameters.properties.a.format: is 'iban'.")]
    public async Task A_schema_that_would_not_be_checked_is_refused(string schema, string expected)
    {
        var failures = await FailuresAsync(app => app.AddManifest(manifest => manifest["parameters"] = JsonNode.Parse(schema)));

        Assert.Contains(failures, x => x.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Settings_out_of_range_are_refused_together_with_the_manifests()
    {
        var failures = await FailuresAsync(app =>
        {
            app.Settings["Tools:MaxArgumentBytes"] = "0";
            app.Settings["Tools:Serve:0"] = "nobody";
        });

        Assert.Contains(failures, x => x.Contains("MaxArgumentBytes", StringComparison.Ordinal));
        Assert.Contains(failures, x => x.Contains("'nobody'", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> FailuresAsync(Action<ToolWorkersApp> arrange)
    {
        var app = ToolWorkersApp.Prepare(arrange);
        await using var cleanup = app;
        // Mapping the health checks builds the bus, and the bus the endpoints: the check comes before the host's own start.
        var exception = Assert.Throws<OptionsValidationException>(() => app.Build().Services.GetRequiredService<IStartupValidator>().Validate());
        return [.. exception.Failures];
    }
}
