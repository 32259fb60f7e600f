using Microsoft.Extensions.Options;

namespace Pipeline.ProviderSimulator.Tests;

public sealed class StandaloneTests
{
    [Fact]
    public async Task Help_is_printed_and_ends_well()
    {
        (int code, string output, _) = await RunAsync("--help");
        Assert.Equal(0, code);
        Assert.Contains("--rules FILE", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'--port' is not an argument", "--port", "1")]
    [InlineData("'--rules' needs a value", "--rules")]
    [InlineData("no-such-file.json", "--rules", "no-such-file.json", "--urls", "http://127.0.0.1:0")]
    [InlineData("ProviderSimulator:Limits:RequestsPerMinute is '-1'", "--rpm", "-1", "--urls", "http://127.0.0.1:0")]
    [InlineData("A setting cannot be used", "--rpm", "many", "--urls", "http://127.0.0.1:0")]
    [InlineData("ProviderSimulator:Organisations:org-z has limits", "--ProviderSimulator:Organisations:org-z:Concurrency=3", "--urls=http://127.0.0.1:0")]
    public async Task A_wrong_argument_is_a_sentence_and_exit_code_2(string expected, params string[] args)
    {
        (int code, _, string errors) = await RunAsync(args);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    [Fact]
    public async Task An_address_in_use_is_exit_code_1()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        (int code, _, string errors) = await RunAsync("--urls", server.Root.GetLeftPart(UriPartial.Authority));
        Assert.Equal(1, code);
        Assert.Contains("Choose another address with --urls", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void All_wrong_settings_are_named_at_once()
    {
        var options = new ProviderSimulatorOptions { LatencyFactor = double.NaN, MaxRequestBytes = 1, LedgerCapacity = -1, Keys = { ["k"] = "" } };
        ValidateOptionsResult result = new ProviderSimulatorOptionsValidator().Validate(null, options);
        Assert.Equal(4, result.Failures?.Count());
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int code = await Standalone.RunAsync(args, output, errors, TestContext.Current.CancellationToken);
        return (code, output.ToString(), errors.ToString());
    }
}
