namespace Pipeline.Fixtures;

/// <summary>The servers that scripts/test.sh starts. A test that needs one that is not there is skipped and says so.</summary>
public static class TestServers
{
    /// <summary>AMQP URI of a RabbitMQ whose user may create virtual hosts through <see cref="RabbitMqManagement"/>.</summary>
    public static string? RabbitMq => Environment.GetEnvironmentVariable("PIPELINE_TEST_RABBITMQ");

    public static string? RabbitMqManagement => Environment.GetEnvironmentVariable("PIPELINE_TEST_RABBITMQ_MANAGEMENT");

    /// <summary>Npgsql connection string of a server on which databases can be created.</summary>
    public static string? Postgres => Environment.GetEnvironmentVariable("PIPELINE_TEST_POSTGRES");

    /// <summary>Connection string of a SQL Server on which databases can be created.</summary>
    public static string? SqlServer => Environment.GetEnvironmentVariable("PIPELINE_TEST_SQLSERVER");

    public static string? Redis => Environment.GetEnvironmentVariable("PIPELINE_TEST_REDIS");
}
