using System.CommandLine;
using System.CommandLine.Parsing;
using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks;

/// <summary>The options that several verbs have.</summary>
internal sealed class SharedOptions
{
    public Option<string?> RabbitMq { get; } = new("--rabbitmq") { Description = "amqp://user:password@host:port; else the environment variable PIPELINE_TEST_RABBITMQ." };

    public Option<string?> Management { get; } = new("--rabbitmq-management") { Description = "http://host:port of the management API, which makes the virtual host; else PIPELINE_TEST_RABBITMQ_MANAGEMENT, else AMQP's port + 10000." };

    public Option<string?> Postgres { get; } = new("--postgres") { Description = "Npgsql connection string of a user who may create databases; else PIPELINE_TEST_POSTGRES." };

    public Option<FileInfo?> Json { get; } = new("--json") { Description = "Write the result to this file too." };

    public static Option<int> Count(string name, string description, int usual, int least = 1)
    {
        var option = new Option<int>(name) { Description = $"{description} Default: {usual}.", DefaultValueFactory = _ => usual };
        option.Validators.Add((OptionResult x) =>
        {
            // Of the text: asking for the value of something that is no number throws.
            if (x.Tokens is [var token] && int.TryParse(token.Value, out var number) && (number < least || number > 10_000_000))
            {
                x.AddError($"{name} takes {least} to 10000000.");
            }
        });
        return option;
    }

    public void AddTo(Command verb)
    {
        verb.Options.Add(RabbitMq);
        verb.Options.Add(Management);
        verb.Options.Add(Postgres);
        verb.Options.Add(Json);
    }

    /// <returns>Null, and a word on the screen, where a server that is needed was not named.</returns>
    public ServerAddresses? Servers(ParseResult parsed, bool needsRabbitMq, bool needsPostgres)
    {
        var rabbitMq = parsed.GetValue(RabbitMq) ?? Environment.GetEnvironmentVariable("PIPELINE_TEST_RABBITMQ");
        var management = parsed.GetValue(Management) ?? Environment.GetEnvironmentVariable("PIPELINE_TEST_RABBITMQ_MANAGEMENT");
        var postgres = parsed.GetValue(Postgres) ?? Environment.GetEnvironmentVariable("PIPELINE_TEST_POSTGRES");
        if (needsRabbitMq && string.IsNullOrWhiteSpace(rabbitMq))
        {
            Console.Error.WriteLine("No RabbitMQ is named. Start one with scripts/servers.sh up rabbitmq and give its URI with --rabbitmq or PIPELINE_TEST_RABBITMQ.");
            return null;
        }

        if (needsPostgres && string.IsNullOrWhiteSpace(postgres))
        {
            Console.Error.WriteLine("No PostgreSQL is named. Start one with scripts/servers.sh up postgres and give its connection string with --postgres or PIPELINE_TEST_POSTGRES.");
            return null;
        }

        return new ServerAddresses(
            string.IsNullOrWhiteSpace(rabbitMq) ? null : new Uri(rabbitMq),
            string.IsNullOrWhiteSpace(management) ? null : new Uri(management.EndsWith('/') ? management : management + "/"),
            postgres);
    }
}
