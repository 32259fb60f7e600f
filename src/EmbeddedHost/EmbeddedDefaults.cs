using Pipeline.ProviderSimulator;

namespace Pipeline.EmbeddedHost;

/// <summary>The settings under which the services share one process. Environment variables come before them.</summary>
internal static class EmbeddedDefaults
{
    /// <returns>True where the provider simulator answers, because no key of a real provider is set.</returns>
    public static bool Apply(ConfigurationManager configuration, EmbeddedSettings settings, string url)
    {
        var sample = EmbeddedSettings.SampleFolder;
        var defaults = new Dictionary<string, string?>
        {
            ["Bus:Transport"] = "InMemory",
            ["Orchestrator:Database:Provider"] = "Sqlite",
            ["Orchestrator:Database:ConnectionString"] = $"Data Source={Path.Combine(settings.Data, "orchestrator.db")}",
            ["Tools:Database:Provider"] = "Sqlite",
            ["Tools:Database:ConnectionString"] = $"Data Source={Path.Combine(settings.Data, "tools.db")}",
            ["Llm:Database:Provider"] = "Sqlite",
            ["Llm:Database:ConnectionString"] = $"Data Source={Path.Combine(settings.Data, "gateway.db")}",
            ["Agents:Directory"] = Path.Combine(sample, "agents"),
            ["Tools:Directory"] = Path.Combine(sample, "tools"),
            ["Tools:Seed"] = Path.Combine(sample, "accounts.json"),
            ["ProviderSimulator:RulesFile"] = Path.Combine(sample, "model-rules.json"),
            ["Log:File"] = settings.Serve ? null : Path.Combine(settings.Data, "embedded-host.log"),
            ["urls"] = url,
            // Refused at the start where the address is not loopback.
            ["Http:RequireApiKeys"] = "false",
        };
        var openAi = !string.IsNullOrWhiteSpace(configuration["OPENAI_API_KEY"]);
        var anthropic = !string.IsNullOrWhiteSpace(configuration["ANTHROPIC_API_KEY"]);
        if (anthropic && !openAi)
        {
            defaults["Llm:Pools:default:Provider"] = "anthropic";
            defaults["Llm:Pools:default:Model"] = "claude-haiku-4-5";
        }
        else if (!openAi)
        {
            defaults["Llm:OpenAi:BaseUrl"] = url + "/simulator/v1";
            defaults["Llm:OpenAi:ApiKey"] = ProviderSimulatorOptions.DefaultApiKey;
            defaults["Llm:Anthropic:BaseUrl"] = url + "/simulator";
            defaults["Llm:Anthropic:ApiKey"] = ProviderSimulatorOptions.DefaultApiKey;
        }

        // Sources are asked from the last to the first: ours stands before the environment.
        configuration.Sources.Insert(0, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = defaults });
        return !openAi && !anthropic;
    }
}
