using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>Reads the directory of MCP servers, one JSON file for each. Never stops at the first file with a problem.</summary>
internal static class McpServerDirectory
{
    private const int MaxFiles = 100;
    private const int MaxFileBytes = 256 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
    };

    /// <param name="directory">The directory; none is as good as an empty one.</param>
    /// <param name="options">What is allowed.</param>
    /// <param name="secrets">The secrets that there are.</param>
    /// <param name="problems">Gets what is wrong.</param>
    /// <param name="used">The servers whose secrets must be there; null for all. A worker needs no secret of a tool that others serve.</param>
    public static IReadOnlyList<McpServerDeclaration> Read(string directory, ToolsOptions options, ToolSecrets secrets, List<string> problems, IReadOnlySet<string>? used = null)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var files = Directory.EnumerateFiles(directory, "*.json").Order(StringComparer.Ordinal).Take(MaxFiles + 1).ToList();
        if (files.Count > MaxFiles)
        {
            problems.Add($"Tools:McpDirectory '{directory}' holds more than {MaxFiles} *.json files. Is it the right directory?");
            return [];
        }

        var servers = files.Select(x => ReadFile(x, problems)).OfType<McpServerDeclaration>().ToList();
        foreach (var server in servers)
        {
            problems.AddRange(Problems(server, options, used?.Contains(server.Name) == false ? null : secrets).Select(x => $"{server.File}: {x}"));
        }

        foreach (var same in servers.GroupBy(x => x.Name).Where(x => x.Count() > 1))
        {
            problems.Add($"{string.Join(" and ", same.Select(x => x.File))}: $.name: the name '{same.Key}' is used more than once. Give each server its own name.");
        }

        return servers;
    }

    private static McpServerDeclaration? ReadFile(string file, List<string> problems)
    {
        try
        {
            if (new FileInfo(file).Length is var length && length > MaxFileBytes)
            {
                problems.Add($"{file}: is {length} bytes; a server's file may have {MaxFileBytes}. Shorten it.");
                return null;
            }

            var server = JsonSerializer.Deserialize<McpServerDeclaration>(File.ReadAllBytes(file), Json);
            return server is null ? throw new JsonException("it is null.") : server with { File = file };
        }
        catch (JsonException e)
        {
            problems.Add($"{file}: {e.Path}: {e.Message} Correct the file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{file}: cannot be read: {e.Message} Make it readable for the service's user.");
        }

        return null;
    }

    private static IEnumerable<string> Problems(McpServerDeclaration server, ToolsOptions options, ToolSecrets? secrets)
    {
        if (server.Name.Length is 0 or > 64 || !server.Name.All(x => char.IsAsciiLetterLower(x) || char.IsAsciiDigit(x) || x is '_' or '-'))
        {
            yield return $"$.name: is '{server.Name}'. Use 1 to 64 of a–z, 0–9, '_' and '-'.";
        }

        if (server.Prefix.Any(x => !char.IsAsciiLetterLower(x) && !char.IsAsciiDigit(x) && x is not ('_' or '-')) || server.Prefix.Length > 32)
        {
            yield return $"$.prefix: is '{server.Prefix}'. Use up to 32 of a–z, 0–9, '_' and '-'.";
        }

        if (server.StartTimeoutSeconds is not (>= 1 and <= 300))
        {
            yield return $"$.startTimeoutSeconds: is '{server.StartTimeoutSeconds}'. Write a number from 1 to 300.";
        }

        if (server.Defaults.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object) || server.Tools.Values.Any(x => x.ValueKind != JsonValueKind.Object))
        {
            yield return "$.defaults, $.tools: must be objects with members of a tool's manifest, e.g. {\"effects\": \"ReadOnly\"}.";
        }

        foreach (var (path, text) in server.Env.Select(x => ($"$.env.{x.Key}", x.Value)).Concat(server.Headers.Select(x => ($"$.headers.{x.Key}", x.Value))))
        {
            if (secrets?.Problem(text) is { } problem)
            {
                yield return $"{path}: {problem}";
            }
        }

        foreach (var problem in server.IsStdio ? StdioProblems(server) : server.Transport == "http" ? HttpProblems(server, options) : [$"$.transport: is '{server.Transport}'. Write stdio or http."])
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> StdioProblems(McpServerDeclaration server)
    {
        if (string.IsNullOrWhiteSpace(server.Command))
        {
            yield return "$.command: is missing. Write the program to start, e.g. node.";
        }

        if (server.Url is not null || server.Headers.Count > 0)
        {
            yield return "$.url, $.headers: belong to the transport http. Remove them.";
        }
    }

    private static IEnumerable<string> HttpProblems(McpServerDeclaration server, ToolsOptions options)
    {
        if (server.Command is not null || server.Args.Count > 0 || server.Env.Count > 0 || server.WorkingDirectory is not null)
        {
            yield return "$.command, $.args, $.env, $.workingDirectory: belong to the transport stdio. Remove them.";
        }

        if (!Uri.TryCreate(server.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            yield return $"$.url: is '{server.Url}', not an address of http or https.";
        }
        else if (url.UserInfo.Length > 0)
        {
            yield return "$.url: has a user or password before the host. Send a header with secret:NAME instead.";
        }
        else if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && !new AddressGuard(options).Allows(url.Host, url.Port, address))
        {
            yield return $"$.url: '{url.Host}' is not a public address. Allow it with Tools__AllowedPrivateHosts or Tools__AllowedPrivateNetworks if it is meant.";
        }
    }
}
