using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>The arguments that a tool's <c>parameters</c> declare: templates may name no others.</summary>
internal sealed class DeclaredArguments(JsonElement parameters, Action<string, string> report)
{
    public void Check(string argument, string path, bool mustBeRequired)
    {
        if (parameters.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (!parameters.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object || !properties.TryGetProperty(argument, out _))
        {
            report(path, $"names the argument '{argument}', which parameters.properties does not declare. Declare it, or correct the name.");
        }
        else if (mustBeRequired
            && !(parameters.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.Array && required.EnumerateArray().Any(x => x.ValueKind == JsonValueKind.String && x.GetString() == argument)))
        {
            report(path, $"needs the argument '{argument}' in its path, but parameters.required does not name it. Add it there.");
        }
    }
}
