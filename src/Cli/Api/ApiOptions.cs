using System.CommandLine;
using System.Globalization;

namespace Pipeline.Cli.Api;

/// <summary>The options of every command.</summary>
internal sealed class ApiOptions
{
    private readonly Option<string?> _url = new("--url") { Description = "The orchestrator; else PIPELINE_URL, else http://127.0.0.1:5000.", Recursive = true };
    private readonly Option<string?> _keyFile = new("--api-key-file") { Description = "A file that holds the API key; else PIPELINE_API_KEY.", Recursive = true };
    private readonly Option<bool> _json = new("--json") { Description = "Machine output: one JSON document, or one a line, and nothing else on standard output.", Recursive = true };
    private readonly Option<int> _timeout = new("--timeout") { Description = "Seconds for the whole command; 0 for no limit. Default: 600.", Recursive = true, DefaultValueFactory = _ => 600 };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_url);
        root.Options.Add(_keyFile);
        root.Options.Add(_json);
        root.Options.Add(_timeout);
    }

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>Runs one command against the API, within the time that the options give it.</summary>
    public Task<int> RunAsync(ParseResult parsed, Func<PipelineApi, CancellationToken, Task<int>> command, CancellationToken cancellationToken) =>
        RunAsync(parsed, null, command, cancellationToken);

    /// <summary>The same for another service than the orchestrator.</summary>
    public async Task<int> RunAsync(ParseResult parsed, ServiceVariables? service, Func<PipelineApi, CancellationToken, Task<int>> command, CancellationToken cancellationToken)
    {
        var seconds = parsed.GetValue(_timeout);
        if (seconds is < 0 or > 1_000_000)
        {
            throw new CommandFailedException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"--timeout is '{seconds}'; it takes 0 to 1000000 seconds."));
        }

        using var api = new PipelineApi(Address(parsed, service), await KeyAsync(parsed, service, cancellationToken));
        using var limit = seconds == 0 ? new CancellationTokenSource() : new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await command(api, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Unreachable, string.Create(CultureInfo.InvariantCulture, $"Not done within {seconds} s. What was submitted goes on; ask again, or give --timeout more."));
        }
    }

    private Uri Address(ParseResult parsed, ServiceVariables? service)
    {
        var text = parsed.GetValue(_url) ?? Variable(service?.Url) ?? Environment.GetEnvironmentVariable("PIPELINE_URL") ?? "http://127.0.0.1:5000";
        return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new CommandFailedException(ExitCode.Usage, $"The address '{text}' is not one of HTTP. Give --url or PIPELINE_URL as http://host:port.");
    }

    private async Task<string?> KeyAsync(ParseResult parsed, ServiceVariables? service, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_keyFile) is not { } file)
        {
            return (Variable(service?.Key) ?? Variable("PIPELINE_API_KEY"))?.Trim();
        }

        try
        {
            return (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"The key file '{file}' cannot be read: {e.Message}");
        }
    }

    private static string? Variable(string? name) => name is not null && Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
